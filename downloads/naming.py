"""Names of titles, from lists and by hand: the writer.

What lists say is kept apart from the titles that logs have brought, as it is far more:
a title that comes later is named as it comes (``identifying``).
"""

import time
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from downloads import bulk, grouping
from downloads.models import ListedName, Title

ROWS = 20_000  # in one transaction
TITLES = 2000  # renamed in one transaction, with all their bursts
NamedBy = Title.NamedBy
# A join by hand: there is no relation between what logs bring and what lists say.
_TO_RENAME = """
SELECT t.id, l.name FROM {title} t
  JOIN {listed} l ON l.service = t.service AND l.raw = t.raw
 WHERE t.id > %s AND t.named_by IN ('', 'list') AND t.name <> l.name
 ORDER BY t.id LIMIT %s
"""


def store(service: str, names: dict[str, str]) -> int:
    """Keep what a list says; return how many names are new or others than before."""
    new = dict(names)
    changed = []
    stored = ListedName.objects.filter(service=service).values_list("raw", "name", "pk")
    for raw, name, pk in stored.iterator(chunk_size=ROWS):
        if (said := new.pop(raw, name)) != name:
            changed.append((said, pk))
    for some in bulk.chunks(sorted(new.items()), ROWS):
        with transaction.atomic():
            rows = [(service, *item) for item in some]
            bulk.insert(ListedName, ["service", "raw", "name"], rows)
    for few in bulk.chunks(changed, ROWS):
        with transaction.atomic():
            bulk.update_rows(ListedName, ["name"], few)
    return len(new) + len(changed)


def name_titles(after: int, deadline: float) -> tuple[int, int | None]:
    """Name the titles with keys above ``after`` as lists do, but those named by hand.

    Returns how many got another name, and after which key to go on: None once all
    have theirs. Their bursts are queued to be grouped anew.
    """
    renamed = 0
    statement = _TO_RENAME.format(
        title=connection.ops.quote_name(Title._meta.db_table),
        listed=connection.ops.quote_name(ListedName._meta.db_table),
    )
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            # Whoever makes a title now has not seen the list, perhaps.
            grouping.lock()
            cursor.execute(statement, [after, TITLES])
            rows = [(name, NamedBy.LIST.value, pk) for pk, name in cursor.fetchall()]
            bulk.update_rows(Title, ["name", "named_by"], rows)
            grouping.regroup_titles([pk for *_, pk in rows])
        renamed += len(rows)
        if len(rows) < TITLES:
            return renamed, None
        after = rows[-1][-1]
        if time.monotonic() >= deadline:
            return renamed, after


def name_by_hand(title: Title) -> None:
    """Save the name that a person gave to ``title``, or took back from it."""
    title.named_by = NamedBy.HAND if title.name else NamedBy.TAKEN_BACK
    with transaction.atomic():
        title.save(update_fields=["name", "named_by"])
        grouping.regroup_titles([title])


def name_as_listed(titles: Sequence[int]) -> int:
    """Give up what was named by hand among ``titles``; return how many that were."""
    listed = ListedName.objects.filter(service=OuterRef("service"), raw=OuterRef("raw"))
    by_hand = Title.objects.filter(pk__in=titles, named_by__in=Title.BY_HAND)
    with transaction.atomic():
        rows = [
            (name or "", NamedBy.LIST.value if name else NamedBy.NOBODY.value, pk)
            for name, pk in by_hand.values_list(Subquery(listed.values("name")), "pk")
        ]
        bulk.update_rows(Title, ["name", "named_by"], rows)
        grouping.regroup_titles([pk for *_, pk in rows])
    return len(rows)
