"""What a group of bursts is as a download: its sums, its times and its rates."""

from django.conf import settings

from bandwidth import links
from downloads import bulk, rates, traffic
from downloads.groups import Before, Group
from downloads.models import Download

DERIVED = [
    "title_id", "started_at", "ended_at", "requests", "failed_requests", "hit_bytes",
    "miss_bytes", "other_bytes", "total_bytes", "silences", "silence_seconds",
    "bytes_per_second", "hit_bytes_per_second", "miss_bytes_per_second",
    "peak_bytes_per_second", "basis", "split_basis", "implausible",
]  # fmt: skip
SELDOM = ("title_id", "started_at", "basis")  # of which many indexes are


def derived(groups: list[Group], before: dict[int, Before]) -> list[Download]:
    pure = traffic.pure_buckets([_stretches(group) for group in groups])
    limit = links.bytes_per_second(settings.LANCACHE_INTERFACE)
    return [
        _download(group, figures, before.get(group.download_id or 0), limit)
        for group, figures in zip(groups, pure, strict=True)
    ]


def _stretches(group: Group) -> list[tuple[int, int, int, int, int]]:
    """Return in which buckets its traffic is: of each title, while any of it ran."""
    titles = {stored.title_id for stored in group.members}
    return [
        (*group.key[:2], title, burst.first, burst.last)
        for burst in group.joined
        for title in titles
    ]


def _download(
    group: Group,
    pure: rates.PureBuckets | None,
    before: Before | None,
    limit: int | None,
) -> Download:
    """Return the row that ``group`` becomes; its links are not its own to write."""
    joined = group.joined
    source, client, service, _game = group.key
    starts = [b.first_start_ms / 1000 for b in joined if b.first_start_ms is not None]
    ends = [b.last_end_ms / 1000 for b in joined if b.last_end_ms is not None]
    hit = sum(burst.hit_bytes for burst in joined)
    miss = sum(burst.miss_bytes for burst in joined)
    other = sum(burst.other_bytes for burst in joined)
    rate, pauses, paused = rates.rate_and_silences(joined)
    split = rates.split_rates(rate, hit, miss, other, pure)
    peak = split.peak_bytes_per_second
    speed = rate.bytes_per_second
    implausible = limit is not None and max(speed or 0, peak or 0) > limit
    if implausible:
        peak = None
    return Download(
        pk=before.pk if before else None,
        datasource_id=source,
        client_id=client,
        service=service,
        title_id=min((s.raw, s.title_id) for s in group.members)[1],
        started_at=bulk.moment(min([joined[0].first, *starts])),
        ended_at=bulk.moment(max([joined[-1].last, *ends])),
        requests=sum(burst.requests for burst in joined),
        failed_requests=sum(burst.failed_requests for burst in joined),
        hit_bytes=hit,
        miss_bytes=miss,
        other_bytes=other,
        total_bytes=hit + miss + other,
        silences=pauses,
        silence_seconds=paused,
        bytes_per_second=speed,
        hit_bytes_per_second=split.hit_bytes_per_second,
        miss_bytes_per_second=split.miss_bytes_per_second,
        peak_bytes_per_second=peak,
        basis=rate.basis.value,
        split_basis=split.basis.value,
        implausible=implausible,
    )


def save(downloads: list[Download], before: dict[int, Before]) -> None:
    """Store the new ones, and of the others what has changed.

    SQLite writes the indexes of all columns that are set, and most downloads only
    grow.
    """
    Download.objects.bulk_create([one for one in downloads if one.pk not in before])
    alike: dict[tuple[str, ...], list[Download]] = {}
    for download in downloads:
        if (old := before.get(download.pk)) is None:
            continue
        same = {
            name for name in SELDOM if getattr(old, name) == getattr(download, name)
        }
        changed = tuple(name for name in DERIVED if name not in same)
        alike.setdefault(changed, []).append(download)
    for changed, some in alike.items():
        bulk.update(Download, changed, some)
