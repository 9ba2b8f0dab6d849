"""Facts: sums that do not depend on how the log was cut. Times are epoch seconds,
as the log has them: these rows are added and compared, not read by people."""

from django.db import models

from downloads.models.clients import Client
from downloads.models.datasources import Datasource
from downloads.models.downloads import Download
from downloads.models.shown import Shown
from downloads.models.titles import Title


class Burst(Shown):
    """An unbroken stretch of completed requests of one raw key.

    The key is (datasource, client, title); no silence in it is longer than
    ``bursts.LONGEST_SILENCE`` seconds. ``first`` and ``last`` are the seconds of its
    first and last completion.
    """

    datasource = models.ForeignKey(Datasource, models.CASCADE)
    client = models.ForeignKey(Client, models.CASCADE)
    title = models.ForeignKey(Title, models.CASCADE)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    hit_bytes = models.BigIntegerField()
    miss_bytes = models.BigIntegerField()
    other_bytes = models.BigIntegerField()
    requests = models.BigIntegerField()
    failed_requests = models.BigIntegerField()
    bytes_in_first_second = models.BigIntegerField()
    bytes_in_last_second = models.BigIntegerField()
    first_start_ms = models.BigIntegerField(
        null=True, help_text="Earliest start, epoch ms; only from lines with times."
    )
    last_end_ms = models.BigIntegerField(
        null=True, help_text="Latest end, epoch ms; only from lines with times."
    )
    download = models.ForeignKey(
        Download, models.SET_NULL, null=True, related_name="bursts"
    )
    grouped = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # Recording: the bursts of a key that new requests may join.
            models.Index(
                fields=["datasource", "client", "title", "last"], name="burst_of_key"
            ),
            # Grouping: the queue of bursts that no download has taken in yet.
            models.Index(
                fields=["id"],
                name="burst_ungrouped",
                condition=models.Q(grouped=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id}/{self.title_id} {self.first}-{self.last}"


class TrafficBucket(Shown):
    """Bytes of one raw key that completed within ten seconds; kept for a while."""

    SECONDS = 10

    datasource = models.ForeignKey(Datasource, models.CASCADE, db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, db_index=False)
    title = models.ForeignKey(Title, models.CASCADE, db_index=False)
    at = models.BigIntegerField(help_text="Its first second; a multiple of ten.")
    hit_bytes = models.BigIntegerField()
    miss_bytes = models.BigIntegerField()
    other_bytes = models.BigIntegerField()
    requests = models.BigIntegerField()

    class Meta:
        constraints = [
            # Recording adds to it; rates read a key's buckets in order of time. The
            # client first: forgetting one would else look through all of them.
            models.UniqueConstraint(
                fields=["client", "datasource", "title", "at"], name="bucket_once"
            )
        ]
        indexes = [
            # Pruning, and what runs now.
            models.Index(fields=["at"], name="bucket_at"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id}/{self.title_id} {self.at}"


class TrafficQuarter(Shown):
    """Traffic of a quarter of an hour UTC, without titles; kept for good."""

    SECONDS = 900

    datasource = models.ForeignKey(Datasource, models.CASCADE, db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, db_index=False)
    service = models.CharField(max_length=64)
    at = models.BigIntegerField(help_text="Its first second; a multiple of 900.")
    hit_bytes = models.BigIntegerField()
    miss_bytes = models.BigIntegerField()
    other_bytes = models.BigIntegerField()
    requests = models.BigIntegerField()
    failed_requests = models.BigIntegerField()

    class Meta:
        constraints = [
            # Pages read a range of time first; recording adds to it.
            models.UniqueConstraint(
                fields=["at", "datasource", "client", "service"], name="quarter_once"
            )
        ]
        indexes = [
            # A client's page: its totals; forgetting it.
            models.Index(fields=["client", "at"], name="quarter_of_client"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id}/{self.service} {self.at}"


class Counter(Shown):
    """What Prometheus counts: it never falls, and a line counts once in its life."""

    datasource = models.ForeignKey(Datasource, models.CASCADE, db_index=False)
    name = models.CharField(max_length=64)
    service = models.CharField(max_length=64, blank=True)
    kind = models.CharField(
        max_length=32, blank=True, help_text="A cache status, a direction, an outcome."
    )
    value = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["datasource", "name", "service", "kind"], name="counter_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}{{{self.service},{self.kind}}} {self.value}"
