"""What this host is called: in a browser's address bar, and in what we print."""

import ipaddress
import socket
from pathlib import Path

import psutil

# The host's side of containers' networks: nobody on the LAN reaches us by them.
INSIDE = ("docker", "br-", "veth", "virbr", "cni", "podman", "lxc")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def own_addresses() -> list[tuple[str, Address]]:
    """Return (interface, address) of all interfaces."""
    return [
        (interface, ipaddress.ip_address(found.address.partition("%")[0]))
        for interface, addresses in psutil.net_if_addrs().items()
        for found in addresses
        if found.family in (socket.AF_INET, socket.AF_INET6)
    ]


def search_domains() -> list[str]:
    try:
        lines = Path("/etc/resolv.conf").read_text(errors="replace").splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    return [
        domain.strip(".")
        for first, *domains in filter(None, words)
        if first in ("search", "domain")
        for domain in domains
    ]


def own_names() -> list[str]:
    """Return what a browser may call this host.

    No name is looked up: on a cache host the DNS is often what is being repaired, and
    every process of ours would wait for it.
    """
    host = socket.gethostname().lower()
    short = host.partition(".")[0]
    names = {"localhost", host, short, f"{short}.local"}
    names.update(f"{short}.{domain}".lower() for domain in search_domains() if domain)
    for _, address in own_addresses():
        names.add(f"[{address}]" if address.version == 6 else str(address))
    return sorted(names)


def urls(host: str, port: int) -> list[str]:
    """Return where a server on ``host`` can be reached, from the LAN's first."""
    if host not in ("", "0.0.0.0", "::"):
        return [f"http://{f'[{host}]' if ':' in host else host}:{port}/"]
    found = [
        f"http://{f'[{address}]' if address.version == 6 else address}:{port}/"
        for interface, address in own_addresses()
        if not interface.startswith(INSIDE)
        and not address.is_loopback
        and not address.is_link_local
        and (address.version == 4 or host == "::")
    ]
    return [*found, f"http://localhost:{port}/"]
