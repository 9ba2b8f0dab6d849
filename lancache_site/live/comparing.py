"""How much of what the interface carried the logs tell of, in words."""

from bandwidth.models import BandwidthSource
from downloads import quantities
from downloads.models import Datasource
from downloads.unexplained import unexplained
from ingest import standing


def note(first: int, last: int) -> str:
    """Return a sentence on that range of epoch seconds; "" where nothing compares."""
    host = BandwidthSource.objects.filter(
        kind=BandwidthSource.Kind.HOST, enabled=True
    ).first()
    caches = list(Datasource.objects.filter(enabled=True))
    if host is None or not caches:
        return ""
    is_read = all(one.is_read for one in standing.unread(caches).values())
    found = unexplained(host, caches, first, last, is_read=is_read)
    if found.interface_bytes is None or found.logged_bytes is None:
        return f"What the logs tell of it can't be said: {found.why}"
    carried = quantities.size(found.interface_bytes)
    logged = quantities.size(found.logged_bytes)
    said = f"To the clients: {carried} by {host}, {logged} by the logs"
    if found.share is None or found.share <= 0:
        return said
    share = quantities.share(found.bytes or 0, found.interface_bytes)
    return f"{said}: {share} of it is in no log"
