"""Addresses of clients in the samples of rejected lines."""

import re
from collections.abc import Collection, Iterator

from downloads.clients.names import folded_address
from ingest.models import RejectedLine

_WORDS = (
    re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)"),
    re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:]+"),
)


def forget_addresses(addresses: Collection[str]) -> int:
    """Delete the sampled lines that hold any of these addresses; return how many."""
    samples = RejectedLine.objects.values_list("pk", "text").iterator()
    telling = [
        pk for pk, text in samples if not set(addresses).isdisjoint(addresses_in(text))
    ]
    for start in range(0, len(telling), 500):
        RejectedLine.objects.filter(pk__in=telling[start : start + 500]).delete()
    return len(telling)


def addresses_in(text: str) -> Iterator[str]:
    """Yield all that is an address in a line, as clients have it."""
    for words in _WORDS:
        for word in words.findall(text):
            if address := folded_address(word):
                yield address
