"""Downloads whose bursts went to others: they go, and their ids lead there."""

from downloads import bulk
from downloads.groups import Before, Group
from downloads.models import Download, DownloadAlias, StreamSession

_DOWNLOAD, _SESSION, _ALIAS = (
    model._meta.db_table for model in (Download, StreamSession, DownloadAlias)
)
_ALIASES = f"SELECT id, download_id FROM {_ALIAS} WHERE download_id IN"
_FORGET = (
    f"UPDATE {_SESSION} SET download_id = NULL WHERE download_id IN",
    f"DELETE FROM {_ALIAS} WHERE download_id IN",
    f"DELETE FROM {_DOWNLOAD} WHERE id IN",
)


def absorb(gone: list[Before], groups: list[Group], derived: list[Download]) -> None:
    """Delete downloads whose bursts went to others; their ids lead there."""
    heir = {
        stored.download_id: download.pk
        for group, download in zip(groups, derived, strict=True)
        for stored in group.members
    }
    heirs = {old.pk: heir.get(old.pk) or _covering(old, derived) for old in gone}
    _redirect({pk: to for pk, to in heirs.items() if to is not None})
    # Their bursts are others' by now.
    for statement in _FORGET:
        bulk.execute(statement, heirs)


def _redirect(heirs: dict[int, int]) -> None:
    """Let the ids that are keys, and those that led to them, lead to the values."""
    moved = [(heirs[to], pk) for pk, to in bulk.rows(_ALIASES, heirs)]
    bulk.update_rows(DownloadAlias, ["download"], moved)
    bulk.insert(DownloadAlias, ["id", "download"], list(heirs.items()))


def _covering(old: Before, derived: list[Download]) -> int | None:
    """Return the download in whose time ``old`` was: its bursts were joined there."""
    for new in derived:
        if (
            new.client_id == old.client_id
            and new.service == old.service
            and new.started_at <= old.ended_at
            and new.ended_at >= old.started_at
        ):
            return int(new.pk)
    return None
