"""Two years of a large LANCache, written by the database itself: few busy clients among
many, one service above all, rare values, and values that nothing has."""

import os
from datetime import UTC, datetime

from django.db import connection, transaction

from downloads.models import Client, Datasource, Title

SCALE = float(os.environ.get("LISTS_ROWS", "1"))
DOWNLOADS, SESSIONS, BUCKETS, BURSTS, QUARTERS, RUNS = (
    int(SCALE * rows)
    for rows in (1_000_000, 5_000_000, 20_000_000, 3_000_000, 500_000, 200_000)
)
CLIENTS, BUSY, TITLES = 2000, 40, 5000
SPAN = 2 * 365 * 86400
END = int(datetime(2026, 11, 20, 22, tzinfo=UTC).timestamp())
SERVICES = (
    "steam", "blizzard", "epicgames", "origin", "riot", "uplay", "xboxlive", "sony",
    "wsus", "nintendo", "rockstar", "wargaming", "arenanet", "frontier", "square",
    "warframe", "daybreak", "bsg", "cod", "neverwinter", "nexusmods", "pathofexile",
    "renegadex", "cityofheroes", "",
)  # fmt: skip
# Numbers that look random and are the same on every database.
HASH = "((i * 2654435761 + {salt} * 40503) % 2147483647)"
HASHES = ", ".join(f"{HASH.format(salt=n)} AS h{n}" for n in range(1, 5))
CLIENT = f"CASE WHEN h1 % 10 < 8 THEN 1 + h2 % {BUSY} ELSE {BUSY} + h2 % {CLIENTS} END"
# The cube makes the first titles the most popular; the last is rare.
TITLE = (
    f"CASE WHEN i % 200000 = 7 THEN {TITLES + 1} ELSE"
    f" 1 + CAST({TITLES - 1} * (h3 % 10000 / 10000.0) * (h3 % 10000 / 10000.0)"
    " * (h3 % 10000 / 10000.0) AS bigint) END"
)
SOURCE = "CASE WHEN i % 300000 = 11 THEN 3 WHEN h4 % 10 = 0 THEN 2 ELSE 1 END"


def numbers(count: int) -> str:
    """Return the numbers from 1 to ``count`` as a table, each with four hashes."""
    if connection.vendor == "sqlite":
        series = (
            "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
            f" SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
        )
    else:
        series = f"(SELECT i FROM generate_series(1, {count}::bigint) AS s (i))"
    return f"(SELECT i, {HASHES} FROM {series} AS n) AS r"


def moment(seconds: str) -> str:
    """Return an expression of epoch seconds as the database stores times."""
    if connection.vendor == "sqlite":
        return f"datetime({seconds}, 'unixepoch')"
    return f"to_timestamp({seconds})"


def service(title: str) -> str:
    """Return an expression of the service that a title's number belongs to."""
    ladder = " ".join(
        f"WHEN {title} <= {TITLES // 2 + n * TITLES // 50} THEN '{name}'"
        for n, name in enumerate(SERVICES[:-1])
    )
    return f"CASE {ladder} ELSE '' END"


def at(rows: int, span: int = SPAN) -> str:
    return f"({END - span} + i * {span} / {rows})"


def some(hashed: str, share: int, value: str) -> str:
    """Return an expression of ``value`` in ``share`` of a hundred, else of null."""
    return f"CASE WHEN {hashed} % 100 < {share} THEN {value} END"


def downloads() -> str:
    begin, end = at(DOWNLOADS), f"({at(DOWNLOADS)} + h2 % 1800)"
    hit, miss = "(h3 % 40000000000 / 100 * (h4 % 100))", "(h3 % 7000000)"
    full = "CASE WHEN h1 % 100 < 85 THEN {} ELSE 0 END".format
    return f"""
    INSERT INTO downloads_download (id, datasource_id, client_id, service, title_id,
      started_at, ended_at, requests, failed_requests, hit_bytes, miss_bytes,
      other_bytes, total_bytes, silences, silence_seconds, bytes_per_second,
      hit_bytes_per_second, miss_bytes_per_second, peak_bytes_per_second,
      upload_bytes_per_second, session_seconds, basis, split_basis, implausible)
    SELECT i, source, client, {service("title")}, title, {moment(begin)},
      {moment(end)}, 1 + h4 % 9000, 0, {full(hit)}, {full(miss)}, 0,
      {full(f"{hit} + {miss}")}, 0, 0,
      {some("h1", 70, "1000.0 + h2 % 120000000")},
      {some("h2", 40, "1000.0 + h3 % 250000000")},
      {some("h3", 30, "1000.0 + h4 % 30000000")},
      {some("h4", 60, "1000.0 + h1 % 300000000")},
      {some("h1", 30, "10.0 + h4 % 3000000")}, NULL,
      CASE WHEN i % 250000 = 3 THEN 'long_requests' WHEN h1 % 100 < 70 THEN 'stamps'
           WHEN h1 % 100 < 90 THEN 'too_short' ELSE 'too_few' END,
      'mixed', {boolean(False)}
    FROM (SELECT r.*, {CLIENT} AS client, {TITLE} AS title, {SOURCE} AS source
          FROM {numbers(DOWNLOADS)}) AS d"""


def sessions() -> str:
    end = at(SESSIONS)
    linked = "(h3 % 100 < 40 AND status = 200)"
    return f"""
    INSERT INTO downloads_streamsession (id, datasource_id, client_id, service, host,
      protocol, status, bytes_sent, bytes_received, total_bytes, duration, started_at,
      ended_at, download_id, confidence, unlinked, correlated)
    SELECT i, source, client, service, 'cdn' || (h3 % 300) || '.' || service ||
      '.example', 'TCP', status, h2 % 50000000, h4 % 500000,
      h2 % 50000000 + h4 % 500000, h1 % 600000 / 1000.0,
      {moment(f"{end} - h1 % 600")}, {moment(end)},
      CASE WHEN {linked} THEN 1 + (i - 1) * {DOWNLOADS} / {SESSIONS} END,
      CASE WHEN {linked} THEN (50 + h4 % 50) / 100.0 END,
      CASE WHEN {linked} THEN '' WHEN status <> 200 THEN 'nothing_sent'
           WHEN i % 400000 = 5 THEN 'no_duration' WHEN h4 % 10 < 2 THEN 'no_service'
           ELSE 'no_download' END,
      CASE WHEN i > {SESSIONS - 50} THEN {boolean(False)} ELSE {boolean(True)} END
    FROM (SELECT d.*, {service("title")} AS service,
            CASE WHEN i % 500000 = 9 THEN 403 WHEN h4 % 100 < 3 THEN 502
                 WHEN h4 % 100 = 4 THEN 500 ELSE 200 END AS status
          FROM (SELECT r.*, {CLIENT} AS client, {TITLE} AS title, {SOURCE} AS source
                FROM {numbers(SESSIONS)}) AS d) AS s"""


def sums(table: str, count: int, times: str, values: str, more: str = "") -> str:
    """Insert into a table of sums; ``times`` and ``values`` are of its own columns."""
    return f"""
    INSERT INTO downloads_{table} (id, datasource_id, client_id, {times}, hit_bytes,
      miss_bytes, other_bytes, requests{more})
    SELECT i, {values}, h2 % 10000000, h3 % 10000000, 0, 1 + h4 % 900
      {", 0" * more.count(",")} FROM {numbers(count)}"""


def facts() -> list[str]:
    # As many clients at once as make fourteen days of ten seconds, each with a title
    # for an hour.
    kept = 14 * 86400
    crowd = max(1, BUCKETS * 10 // kept)
    ten = f"({END - kept} + i / {crowd} * 10)"
    return [
        sums(
            "trafficbucket", BUCKETS, "at, title_id",
            f"1, 1 + i % {crowd}, {ten},"
            f" 1 + (i % {crowd} * 17 + {ten} / 3600) % {TITLES}",
        ),
        sums(
            "trafficquarter", QUARTERS, "at, service",
            f"1, 1 + i % 8, {END - SPAN} / 900 * 900 + i / 8 * 900, 'steam'",
            ", failed_requests",
        ),
        sums(
            "burst", BURSTS, "title_id, first, last, download_id, grouped",
            f"1, {CLIENT}, {TITLE}, {at(BURSTS)}, {at(BURSTS)} + h1 % 600,"
            f" 1 + (i - 1) * {DOWNLOADS} / {BURSTS}, {boolean(True)}",
            ", failed_requests, bytes_in_first_second, bytes_in_last_second",
        ),
        f"""INSERT INTO ingest_ingestrun (datasource_id, started_at, seconds, bytes,
          lines, requests, sessions, skipped, rejected, skipped_by_reason, error,
          failed)
        SELECT 1 + i % 2, {moment(at(RUNS, kept))}, 0.1, 1000, 10, 9, 1, 0, 0, '{{}}',
          CASE WHEN i % 5000 = 1 THEN 'no space left' ELSE '' END,
          CASE WHEN i % 5000 = 1 THEN {boolean(True)} ELSE {boolean(False)} END
        FROM {numbers(RUNS)}""",
        f"""INSERT INTO downloads_downloadalias (id, download_id)
        SELECT {DOWNLOADS} + i, i FROM {numbers(DOWNLOADS // 20)}""",
    ]  # fmt: skip


def boolean(value: bool) -> str:
    return str(int(value)) if connection.vendor == "sqlite" else str(value).upper()


def names() -> None:
    Datasource.objects.bulk_create(
        Datasource(pk=n, name=f"cache {n}", log_directory="/x", newest_stamp=END)
        for n in range(1, 5)
    )
    Client.objects.bulk_create(
        Client(
            pk=n,
            address=f"10.0.{n // 250}.{n % 250}",
            name=f"player {n}" if n % 3 else "",
            hidden=n % 500 == 17,
        )
        for n in range(1, CLIENTS + BUSY + 2)
    )
    ranks = [TITLES // 2 + n * TITLES // 50 for n in range(len(SERVICES) - 1)]
    Title.objects.bulk_create(
        Title(
            pk=n,
            service=SERVICES[sum(n > rank for rank in ranks)],
            raw=str(1000 + n),
            name=f"Game {n}" if n % 2 else "",
        )
        for n in range(1, TITLES + 3)
    )


def fill() -> None:
    """Fill a migrated database; indexes are made once all rows are there."""
    names()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA cache_size=-2000000")
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
                " AND sql IS NOT NULL AND tbl_name LIKE 'downloads\\_%%' ESCAPE '\\'"
            )
        else:
            # Or every key of every row is looked up at the commit.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE"
                " 'downloads\\_%%' AND indexname NOT IN"
                " (SELECT conname FROM pg_constraint)"
            )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for statement in (downloads(), sessions(), *facts()):
            with transaction.atomic():
                cursor.execute(statement)
        for _, statement in indexes:
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            # As its autovacuum would have, by and by.
            cursor.execute("VACUUM ANALYZE")
