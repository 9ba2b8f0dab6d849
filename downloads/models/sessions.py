"""TLS that passed through: one row a TCP session of the stream log."""

from django.db import models

from downloads.models.clients import Client
from downloads.models.datasources import Datasource
from downloads.models.downloads import Download
from downloads.models.shown import Shown


class Unlinked(models.TextChoices):
    """Why a session belongs to no download."""

    NO_SERVICE = "no_service", "its host belongs to no known service"
    NO_DOWNLOAD = "no_download", "its client fetched nothing of this service then"
    NO_DURATION = "no_duration", "the log tells no duration"
    NOTHING_SENT = "nothing_sent", "it failed or carried nothing"


class StreamSession(Shown):
    """One TCP session. Its bytes were never cached and are no download's bytes."""

    # Each has an index that begins with it, below.
    datasource = models.ForeignKey(Datasource, models.CASCADE, db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, db_index=False)
    service = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=255, blank=True, help_text="The SNI, folded.")
    protocol = models.CharField(max_length=8)
    status = models.PositiveSmallIntegerField()
    bytes_sent = models.BigIntegerField(help_text="To the client.")
    bytes_received = models.BigIntegerField(
        help_text="From the client, without its ClientHello."
    )
    total_bytes = models.BigIntegerField()
    duration = models.FloatField(null=True, help_text="Seconds, to the ms.")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField()
    download = models.ForeignKey(
        Download, models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    confidence = models.FloatField(null=True, blank=True)
    unlinked = models.CharField(max_length=16, choices=Unlinked, blank=True)
    correlated = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # Lists, newest first; pruning.
            models.Index(fields=["-ended_at", "-id"], name="session_newest"),
            # The list, newest first, of one of each; pruning a datasource's.
            models.Index(fields=["datasource", "ended_at"], name="session_datasource"),
            models.Index(fields=["client", "ended_at"], name="session_client"),
            models.Index(fields=["service", "ended_at"], name="session_service"),
            # The list of those that failed, or failed in one way: they are few.
            models.Index(
                fields=["ended_at"],
                name="session_failed",
                condition=~models.Q(status=200),
            ),
            models.Index(
                fields=["status", "ended_at"],
                name="session_failed_so",
                condition=~models.Q(status=200),
            ),
            # Correlating: the sessions of a client and service around a time.
            models.Index(
                fields=["client", "service", "ended_at", "started_at"],
                name="session_of_client",
            ),
            # Correlating: the queue of sessions that nobody has looked at.
            models.Index(
                fields=["id"],
                name="session_uncorrelated",
                condition=models.Q(correlated=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host or self.protocol} to {self.client}"

    @property
    def download_bytes_per_second(self) -> float | None:
        """Bytes to the client a second; null where no true rate can be told."""
        return self._rate(self.bytes_sent)

    @property
    def upload_bytes_per_second(self) -> float | None:
        """Bytes from the client a second; null where no true rate can be told."""
        return self._rate(self.bytes_received)

    def _rate(self, size: int) -> float | None:
        if self.status != 200 or not self.duration or not self.total_bytes:
            return None
        return size / self.duration
