"""What each exported table has: columns of which the names say the unit."""

from django.db.models import Case, F, FloatField, When
from django.db.models.functions import Cast

from downloads.exporting import Column, epoch_as_iso


def _named(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, name) for name in names)


def _rate(field: str) -> Case:
    """Bytes a second of a session, null where none can be told, as its page has it."""
    rate = Cast(F(field), FloatField()) / F("duration")
    known = When(status=200, duration__gt=0, total_bytes__gt=0, then=rate)
    return Case(known, default=None, output_field=FloatField())


CLIENT = (
    Column("client_address", "client__address"),
    Column("client_name", "client__name"),
    Column("client_person", "client__person"),
)
CLIENTS = _named("address", "name", "name_source", "person", "hidden", "excluded")
TITLES = (*_named("service"), Column("title_in_logs", "raw"), *_named("name"))
DOWNLOADS = (
    *_named("id", "service"),
    Column("title", "title__name"),
    Column("title_in_logs", "title__raw"),
    *CLIENT,
    Column("datasource", "datasource__name"),
    *_named(
        "started_at", "ended_at", "requests", "failed_requests", "hit_bytes",
        "miss_bytes", "other_bytes", "total_bytes", "silences", "silence_seconds",
        "bytes_per_second", "hit_bytes_per_second", "miss_bytes_per_second",
        "peak_bytes_per_second", "upload_bytes_per_second", "session_seconds", "basis",
        "split_basis", "implausible",
    ),
)  # fmt: skip
SESSIONS = (
    *_named("id", "service", "host"),
    *CLIENT,
    Column("datasource", "datasource__name"),
    *_named("protocol", "status", "started_at", "ended_at"),
    Column("duration_seconds", "duration"),
    *_named("bytes_sent", "bytes_received", "total_bytes"),
    Column("download_bytes_per_second", _rate("bytes_sent")),
    Column("upload_bytes_per_second", _rate("bytes_received")),
    *_named("download_id", "confidence", "unlinked"),
)
QUARTERS = (
    Column("started_at", "at", epoch_as_iso),
    Column("datasource", "datasource__name"),
    *CLIENT,
    *_named(
        "service", "hit_bytes", "miss_bytes", "other_bytes", "requests",
        "failed_requests",
    ),
)  # fmt: skip
