"""What a person recognises as one download."""

from django.db import models

from downloads.models.clients import Client
from downloads.models.datasources import Datasource
from downloads.models.shown import Shown
from downloads.models.titles import Title


class Basis(models.TextChoices):
    """How a rate was got, or why there is none."""

    STAMPS = "stamps", "from the whole seconds between the first and the last"
    TIMED = "timed", "from the requests' own start and end times"
    TOO_SHORT = "too_short", "unknown: too short for stamps of one second"
    TOO_FEW = "too_few", "unknown: too few requests"
    LONG_REQUESTS = "long_requests", "unknown: its requests outlast what the log tells"
    MIXED = "mixed", "unknown: hits and misses came together all the time"
    PRUNED = "pruned", "unknown: the detail is no longer kept"


class Download(Shown):
    """The bursts of one game and client with at most five minutes between them.

    Derived from bursts, and stored so that lists can sort. Every rate is bytes per
    second of the time in which bytes moved, or null, and ``basis`` says why.
    """

    # Each has an index that begins with it, below.
    datasource = models.ForeignKey(Datasource, models.CASCADE, db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, db_index=False)
    service = models.CharField(max_length=64)
    title = models.ForeignKey(Title, models.CASCADE, db_index=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    requests = models.BigIntegerField()
    failed_requests = models.BigIntegerField()
    hit_bytes = models.BigIntegerField()
    miss_bytes = models.BigIntegerField()
    other_bytes = models.BigIntegerField()
    total_bytes = models.BigIntegerField()
    silences = models.IntegerField(
        default=0, help_text="How many pauses of more than ten seconds it has."
    )
    silence_seconds = models.IntegerField(default=0)
    bytes_per_second = models.FloatField(null=True)
    hit_bytes_per_second = models.FloatField(null=True)
    miss_bytes_per_second = models.FloatField(null=True)
    peak_bytes_per_second = models.FloatField(null=True)
    upload_bytes_per_second = models.FloatField(null=True)
    session_seconds = models.FloatField(null=True)
    basis = models.CharField(max_length=16, choices=Basis)
    split_basis = models.CharField(
        max_length=16,
        choices=Basis,
        help_text="How the rates of hits and misses were got, or why not.",
    )
    implausible = models.BooleanField(
        default=False, help_text="Faster than the interface's link: not believed."
    )

    class Meta:
        indexes = [
            # Grouping and correlating: the downloads of a key around a time.
            models.Index(
                fields=["datasource", "client", "service", "ended_at", "started_at"],
                name="download_of_client",
            ),
            # Lists, newest first.
            models.Index(fields=["-started_at", "-id"], name="download_newest"),
            # "Running now", and what ended lately.
            models.Index(fields=["ended_at"], name="download_ended"),
            # The list, newest first, of one of each.
            *(
                models.Index(fields=[column, "started_at"], name=f"download_{column}")
                for column in ("datasource", "client", "title", "service", "basis")
            ),
            # The list by size, and by each speed: of those whose speed is known.
            models.Index(fields=["total_bytes"], name="download_size"),
            *(
                models.Index(
                    fields=[f"{speed}bytes_per_second"],
                    name=f"download_{speed}speed",
                    condition=models.Q(**{f"{speed}bytes_per_second__isnull": False}),
                )
                for speed in ("", "hit_", "miss_", "peak_", "upload_")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.service}) to {self.client}"


class DownloadAlias(Shown):
    """An id that was absorbed into another download, so that old links still lead."""

    id = models.BigIntegerField(primary_key=True)
    download = models.ForeignKey(Download, models.CASCADE, related_name="aliases")

    class Meta:
        verbose_name_plural = "download aliases"

    def __str__(self) -> str:
        return f"{self.id} -> {self.download_id}"
