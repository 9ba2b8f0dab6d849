"""Where else than in its row and its data a client's address or name is written."""

from collections.abc import Callable, Collection

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from downloads.models import Client

# Each app that keeps text with addresses adds how it removes that of some, in its tasks
# module: whoever runs jobs has loaded them all. Called within a transaction.
KEEPERS: list[Callable[[Collection[str]], object]] = []


def remove(ids: Collection[int], addresses: Collection[str]) -> None:
    """Remove what tells the addresses, or what these clients were called."""
    for forget in KEEPERS:
        forget(addresses)
    # The admin's record of who changed what stays, but for what it was done to.
    kind = ContentType.objects.get_for_model(Client)
    history = LogEntry.objects.filter(content_type=kind, object_id__in=map(str, ids))
    history.update(object_repr="(a client that was to be forgotten)")
