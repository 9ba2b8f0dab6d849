"""Which service a host, an identifier or a file belongs to. Pure but for reading the
host lists that are shipped (uklans/cache-domains, MIT)."""

import json
from functools import cache
from pathlib import Path

UNKNOWN = ""
HOST_LISTS = Path(__file__).parent / "data" / "cache_domains"
# In cache-domains, for its own tests.
NO_SERVICES = frozenset({"test"})

# What cache-domains need not list, because a cache never sees it or a wildcard in the
# DNS covers it, but logs show.
MORE_SUFFIXES = {
    "steamcontent.com": "steam",
    "steampowered.com": "steam",
    "steamserver.net": "steam",
    "steamstatic.com": "steam",
    "steamcommunity.com": "steam",
    "steamusercontent.com": "steam",
    "steam-chat.com": "steam",
    "steampipe.akamaized.net": "steam",
    "steamcdn-a.akamaihd.net": "steam",
    "battle.net": "blizzard",
    "blizzard.com": "blizzard",
    "blz-contentstack.com": "blizzard",
    "riotgames.com": "riot",
    "riotcdn.net": "riot",
    "pvp.net": "riot",
    "epicgames.com": "epicgames",
    "epicgames.dev": "epicgames",
    "epicgames-download1.akamaized.net": "epicgames",
    "egdownload.fastly-edge.com": "epicgames",
    "unrealengine.com": "epicgames",
    "xboxlive.com": "xboxlive",
    "xboxlive.cn": "xboxlive",
    "playstation.net": "sony",
    "playstation.com": "sony",
    "sonyentertainmentnetwork.com": "sony",
    "nintendo.net": "nintendo",
    "nintendo.com": "nintendo",
    "ubi.com": "uplay",
    "ubisoft.com": "uplay",
    "ea.com": "origin",
    "origin.com": "origin",
    "rockstargames.com": "rockstar",
    "windowsupdate.com": "wsus",
    "update.microsoft.com": "wsus",
    "delivery.mp.microsoft.com": "wsus",
    "dsp.mp.microsoft.com": "wsus",
    "nexusmods.com": "nexusmods",
    "wargaming.net": "wargaming",
}
# The name of a bare-metal file, where it is not the service's own.
FILE_NAMES = {"windows-update": "wsus", "windowsupdates": "wsus", "microsoft": "wsus"}


@cache
def _suffixes() -> dict[str, str]:
    """Return host suffix -> service; a name of its own wins over a longer list."""
    suffixes: dict[str, str] = {}
    index = json.loads((HOST_LISTS / "cache_domains.json").read_text())
    for entry in index["cache_domains"]:
        if entry["name"] in NO_SERVICES:
            continue
        for file_name in entry["domain_files"]:
            for line in (HOST_LISTS / file_name).read_text().splitlines():
                host = line.partition("#")[0].strip().removeprefix("*.").lower()
                if host:
                    suffixes.setdefault(host, entry["name"])
    return MORE_SUFFIXES | suffixes


@cache
def known() -> frozenset[str]:
    """Return the names of all services, as cache-domains spells them."""
    return frozenset(_suffixes().values())


def fold(host: str) -> str:
    """Return a host as hosts are compared: no case, port, or trailing dot."""
    host = host.lower()
    if not host.startswith("[") and host.count(":") == 1:
        host = host.partition(":")[0]
    return host.rstrip(".")


def of_host(host: str) -> str:
    """Return the service of the longest known suffix of ``host``, or UNKNOWN."""
    labels = fold(host).split(".")
    suffixes = _suffixes()
    for i in range(len(labels) - 1):
        if service := suffixes.get(".".join(labels[i:])):
            return service
    return UNKNOWN


def of_request(identifier: str, file_service: str, host: str, steam_agent: bool) -> str:
    """Return the service of a cached request, or UNKNOWN.

    The identifier is the raw Host header where the cache knows no service, and the
    Host header is a stranger's: only names that are known make a service, and not
    where the host is called so itself.
    """
    if identifier in known() and identifier != fold(host):
        return identifier
    file_service = FILE_NAMES.get(file_service, file_service)
    if file_service in known():
        return file_service
    if service := of_host(host):
        return service
    return "steam" if steam_agent else UNKNOWN
