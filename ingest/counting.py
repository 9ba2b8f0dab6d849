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
BYTES = ["hit_bytes", "miss_bytes", "other_bytes"]
# What tells service and title.
ASKED = ["identifier", "host", "steam_agent", "path"]


@dataclass
class Counted:
    """Requests by client, service, raw title and second; and what was left out.

    ``seconds``: address service title at hit_bytes miss_bytes other_bytes requests
    failed_requests first_start_ms last_end_ms. ``statuses``: service cache_status at
    bytes requests, for the counters. Both in no order.
    """

    seconds: pl.DataFrame
    statuses: pl.DataFrame
    requests: int
    skipped: Counter[str] = field(default_factory=Counter)


def count(
    requests: pl.DataFrame, trusted: Sequence[Network] = (), file_service: str = ""
) -> Counted:
    """Count grouped requests (formats.REQUESTS); see Counted."""
    known, left_out = pl.collect_all(
        [
            requests.lazy().filter(_reason().is_null()).with_columns(bytes=_body()),
            requests.lazy()
            .group_by(_reason().alias("reason"))
            .agg(pl.col("requests").sum())
            .drop_nulls(),
        ],
        engine="in-memory",
    )
    named = (
        known.lazy()
        .join(_clients(known, trusted).lazy(), on=["address", "forwarded_for"])
        .join(_names(known, file_service).lazy(), on=ASKED)
        .drop("address")
        .rename({"client": "address"})
    )
    seconds, statuses = pl.collect_all(
        [_seconds(named), _statuses(named)], engine="in-memory"
    )
    return Counted(
        seconds,
        statuses,
        int(seconds["requests"].sum()),
        Counter(dict(left_out.iter_rows())),
    )


def _reason() -> pl.Expr:
    """Return why a request is skipped; null if it is not."""
    return (
        pl.when(pl.col("status").is_in(REFUSED))
        .then(pl.format("no trustworthy client ({})", "status"))
        .when(pl.col("path") == HEARTBEAT)
        .then(pl.lit("heartbeat"))
        .when(pl.col("path").is_null())
        .then(pl.lit("request without a path"))
    )


def _body() -> pl.Expr:
    """A 304, like the answer to a HEAD, has no body whatever the log says of it."""
    bodiless = (pl.col("status") == 304) | (pl.col("method") == "HEAD")
    return pl.when(~bodiless).then("bytes").otherwise(0)


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


def _names(requests: pl.DataFrame, file_service: str) -> pl.DataFrame:
    """Return service and raw title of each different ASKED."""
    rows = []
    for asked in requests.select(ASKED).unique().iter_rows():
        identifier, host, steam_agent, path = asked
        service = services.of_request(identifier, file_service, host, steam_agent)
        rows.append((*asked, service, titles.raw_title(service, path, host)))
    schema = {name: requests.schema[name] for name in ASKED}
    schema |= {"service": pl.String(), "title": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _statuses(named: pl.LazyFrame) -> pl.LazyFrame:
    status = pl.col("cache_status")
    # Only what nginx itself may say becomes the label of a counter.
    label = pl.when(status.is_in(HIT + MISS)).then(status).otherwise(pl.lit(""))
    return named.group_by("service", label.alias("cache_status"), "at").agg(
        pl.col("bytes", "requests").sum()
    )


def _seconds(named: pl.LazyFrame) -> pl.LazyFrame:
    is_get = (pl.col("method") == "GET") & pl.col("status").is_between(200, 299)
    hit = (is_get & pl.col("cache_status").is_in(HIT)).fill_null(False)
    miss = (is_get & pl.col("cache_status").is_in(MISS)).fill_null(False)
    size = pl.col("bytes")
    # Told apart first: within groups it would cost twice as much.
    return (
        named.select(
            *KEY,
            "at",
            "requests",
            "first_start_ms",
            "last_end_ms",
            hit_bytes=size * hit,
            miss_bytes=size * miss,
            other_bytes=size * ~(hit | miss),
            failed_requests=pl.col("requests") * (pl.col("status") >= 400),
        )
        .group_by(*KEY, "at")
        .agg(
            pl.col(*BYTES, "requests", "failed_requests").sum(),
            pl.col("first_start_ms").min(),
            pl.col("last_end_ms").max(),
        )
    )
