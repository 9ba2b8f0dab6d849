"""What a path names within its service: a depot, a product, a content id. Pure."""

import re

# One pattern for all services finds the head of a path, in bulk, before its service
# is known; the patterns below read the few different heads that there are. It captures
# the method and the head; alternatives go from the most to the least specific.
_HEADS = (
    r"depot/\d+/",
    r"tpr/[^/ ]{1,64}/",
    r"Builds/Org/[^/ ]{1,64}/[^/ ]{1,64}/",
    r"Builds/[^/ ]{1,64}/[^/ ]{1,64}/",
    r"uplaypc/downloads/\d+/",
    r"eamaster/s/shift/[^/ ]{1,64}/",
    r"(?:[^/ ]{1,64}/){0,4}[A-Z]{4}\d{2,5}(?:_\d\d)?/",
    r"\d{1,3}/[^/ ]{1,64}/",
    r"[^/ ?]{0,64}",
)
HEAD = rf"^([A-Z_-]+) (?:https?://[^/ ]*)?(/(?:{'|'.join(_HEADS)}))"

_OF_PATH = {
    # https://partner.steamgames.com/doc/store/application/depots
    "steam": re.compile(r"^/depot/(\d+)/"),
    # https://wowdev.wiki/TACT: /tpr/<product's CDN path>/
    "blizzard": re.compile(r"^/tpr/([^/]+)/"),
    "epicgames": re.compile(r"^/Builds/(?:Org/)?([^/]+/[^/]+)/"),
    "uplay": re.compile(r"^/uplaypc/downloads/(\d+)/"),
    "origin": re.compile(r"^/eamaster/s/shift/([^/]+)/"),
    "sony": re.compile(r"/([A-Z]{4}\d{2,5}(?:_\d\d)?)/$"),
    "xboxlive": re.compile(r"^/\d{1,3}/([^/]+)/"),
}
LONGEST = 255


def raw_title(service: str, path: str, host: str) -> str:
    """Return what a path head names in its service, or "" where it names nothing.

    Where the service is unknown the host is kept instead.
    """
    if service == "riot":
        # Riot's paths are bundles of all its games; a game has a host of its own.
        return host.partition(".")[0][:LONGEST]
    if not service:
        return host[:LONGEST]
    pattern = _OF_PATH.get(service)
    found = pattern.search(path) if pattern else None
    return found[1][:LONGEST] if found else ""
