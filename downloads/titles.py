"""What a path names within its service: a depot, a product, a content id. Pure."""

import re

# One pattern for all services finds the head of a path, in bulk, before its service
# is known; the patterns below read the few different heads that there are. It captures
# the method and the head; alternatives go from the most to the least specific.
_HEADS = (
    r"depot/[0-9]+/",
    r"tpr/[^/ ]{1,64}/",
    r"Builds/Org/[^/ ]{1,64}/[^/ ]{1,64}/",
    r"Builds/[^/ ]{1,64}/[^/ ]{1,64}/",
    r"uplaypc/downloads/[0-9]+/",
    r"eamaster/s/shift/[^/ ]{1,64}/",
    r"(?:[^/ ]{1,64}/){0,4}[A-Z]{4}[0-9]{2,5}(?:_[0-9]{2})?/",
    r"[0-9]{1,3}/[^/ ]{1,64}/",
    r"[^/ ?]{0,64}/?",
)
# The name of the server may stand before the path, whatever its scheme.
HEAD = rf"^([A-Z_-]+) (?:[A-Za-z][A-Za-z0-9+.-]*://[^/ ]*)?(/(?:{'|'.join(_HEADS)}))"

_OF_PATH = {
    # https://partner.steamgames.com/doc/store/application/depots
    "steam": re.compile(r"^/depot/([0-9]+)/"),
    # https://wowdev.wiki/TACT: /tpr/<product's CDN path>/
    "blizzard": re.compile(r"^/tpr/([^/]+)/"),
    "epicgames": re.compile(r"^/Builds/(?:Org/)?([^/]+/[^/]+)/"),
    "uplay": re.compile(r"^/uplaypc/downloads/([0-9]+)/"),
    "origin": re.compile(r"^/eamaster/s/shift/([^/]+)/"),
    "sony": re.compile(r"/([A-Z]{4}[0-9]{2,5}(?:_[0-9]{2})?)/$"),
    "xboxlive": re.compile(r"^/[0-9]{1,3}/([^/]+)/"),
}
LONGEST = 255


def raw_title(service: str, path: str, host: str) -> str:
    """Return what a path head names in its service, or "" where it names nothing.

    Where the service is unknown the host is kept instead.
    """
    if service == "riot":
        # Riot's paths are bundles of all its games; a game has a host of its own.
        return host.partition(".")[0].lower()[:LONGEST]
    if not service:
        return host[:LONGEST]
    pattern = _OF_PATH.get(service)
    found = pattern.search(path) if pattern else None
    return found[1][:LONGEST] if found else ""
