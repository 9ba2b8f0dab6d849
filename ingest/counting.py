"""What a line counts as: a request of a client, or skipped for a stated reason. Pure.

Body bytes of a 2xx GET are hit, miss or other by $upstream_cache_status; every other
status or method is other. The status is that of the first slice of a response: totals
are exact, hit and miss approximate.
"""

import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from downloads import services, titles
from ingest.formats.addresses import folded_address

HIT = ("HIT", "STALE", "UPDATING", "REVALIDATED")
MISS = ("MISS", "EXPIRED", "BYPASS")
# nginx refused these before it knew who asked for what: no address in them is trusted.
REFUSED = (400, 408, 414)
HEARTBEAT = "/lancache-heartbeat"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
KEY = ["address", "service", "title"]
KINDS = ["hit_bytes", "miss_bytes", "other_bytes"]


@dataclass
class Counted:
    """Requests by client, service, raw title and second; and what was left out.

    ``seconds``: address service title at hit_bytes miss_bytes other_bytes requests
    failed_requests first_start_ms last_end_ms. ``statuses``: service cache_status at
    bytes requests, for the counters.
    """

    seconds: pl.DataFrame
    statuses: pl.DataFrame
    requests: int
    skipped: Counter[str] = field(default_factory=Counter)


def count(
    requests: pl.DataFrame, trusted: Sequence[Network] = (), file_service: str = ""
) -> Counted:
    """Count grouped requests (formats.REQUESTS); see Counted."""
    skipped: Counter[str] = Counter()
    requests = _without_bodies(_without_skipped(requests, skipped))
    clients = _clients(requests, trusted)
    known = (
        requests.join(clients, on=["address", "forwarded_for"])
        .drop("address")
        .rename({"client": "address"})
    )
    named = _named(known, file_service)
    return Counted(
        _seconds(named),
        _statuses(named),
        int(named["requests"].sum()),
        skipped,
    )


def _without_skipped(requests: pl.DataFrame, skipped: Counter[str]) -> pl.DataFrame:
    reason = (
        pl.when(pl.col("status").is_in(REFUSED))
        .then(pl.format("no trustworthy client ({})", "status"))
        .when(pl.col("path") == HEARTBEAT)
        .then(pl.lit("heartbeat"))
        .when(pl.col("path").is_null())
        .then(pl.lit("request without a path"))
    )
    requests = requests.with_columns(reason.alias("reason"))
    left_out = requests.filter(pl.col("reason").is_not_null())
    if left_out.is_empty():
        return requests
    for why, number in (
        left_out.group_by("reason").agg(pl.col("requests").sum()).iter_rows()
    ):
        skipped[why] += number
    return requests.filter(pl.col("reason").is_null()).drop("reason")


def _without_bodies(requests: pl.DataFrame) -> pl.DataFrame:
    """A 304, like the answer to a HEAD, has no body whatever the log says of it."""
    bodiless = (pl.col("status") == 304) | (pl.col("method") == "HEAD")
    return requests.with_columns(bytes=pl.when(~bodiless).then("bytes").otherwise(0))


def _clients(requests: pl.DataFrame, trusted: Sequence[Network]) -> pl.DataFrame:
    """Return the client of each (address, forwarded_for)."""
    pairs = requests.select("address", "forwarded_for").unique()
    rows = [
        (address, forwarded, client_of(address, forwarded, trusted))
        for address, forwarded in pairs.iter_rows()
    ]
    return pl.DataFrame(
        rows,
        schema=dict.fromkeys(["address", "forwarded_for", "client"], pl.String),
        orient="row",
    )


def client_of(address: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the rightmost address that is no trusted proxy's.

    ``address`` is folded; what a stranger wrote before the last that is one is not
    believed.
    """
    client = address
    hops = [hop.strip() for hop in forwarded_for.split(",")] if trusted else []
    while hops and _within(client, trusted):
        before = folded_address(hops.pop())
        if not before:
            break
        client = before
    return client


def _within(address: str, networks: Sequence[Network]) -> bool:
    if address == "unix:":
        return False
    ip = ipaddress.ip_address(address)
    return any(ip.version == net.version and ip in net for net in networks)


def _named(requests: pl.DataFrame, file_service: str) -> pl.DataFrame:
    """Add service and raw title, looked up once for all that is alike."""
    asked = ["identifier", "host", "steam_agent", "path"]
    rows = []
    for identifier, host, steam_agent, path in (
        requests.select(asked).unique().iter_rows()
    ):
        service = services.of_request(identifier, file_service, host, steam_agent)
        title = titles.raw_title(service, path, host)
        rows.append((identifier, host, steam_agent, path, service, title))
    schema = {name: requests.schema[name] for name in asked}
    schema |= {"service": pl.String(), "title": pl.String()}
    return requests.join(pl.DataFrame(rows, schema=schema, orient="row"), on=asked)


def _statuses(named: pl.DataFrame) -> pl.DataFrame:
    status = pl.col("cache_status")
    # Only what nginx itself may say becomes the label of a counter.
    label = pl.when(status.is_in(HIT + MISS)).then(status).otherwise(pl.lit(""))
    return (
        named.with_columns(cache_status=label)
        .group_by("service", "cache_status", "at")
        .agg(pl.col("bytes", "requests").sum())
    )


def _seconds(named: pl.DataFrame) -> pl.DataFrame:
    is_get = (pl.col("method") == "GET") & pl.col("status").is_between(200, 299)
    hit = is_get & pl.col("cache_status").is_in(HIT)
    miss = is_get & pl.col("cache_status").is_in(MISS)
    failed = pl.col("status") >= 400
    return (
        named.lazy()
        .select(
            *KEY,
            "at",
            "requests",
            "first_start_ms",
            "last_end_ms",
            pl.when(hit).then("bytes").otherwise(0).alias("hit_bytes"),
            pl.when(miss).then("bytes").otherwise(0).alias("miss_bytes"),
            pl.when(~hit & ~miss).then("bytes").otherwise(0).alias("other_bytes"),
            pl.when(failed).then("requests").otherwise(0).alias("failed_requests"),
        )
        .group_by(*KEY, "at")
        .agg(
            pl.col(*KINDS, "requests", "failed_requests").sum(),
            pl.col("first_start_ms").min(),
            pl.col("last_end_ms").max(),
        )
        .sort(*KEY, "at")
        .collect()
    )
