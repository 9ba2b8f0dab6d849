"""TLS that passed through: one row a TCP session of the stream log."""

from django.db import models
from django.urls import reverse

from downloads.models.downloads import Download
from downloads.models.names import Client, Datasource


class Unlinked(models.TextChoices):
    """Why a session belongs to no download."""

    NO_SERVICE = "no_service", "its host belongs to no known service"
    NO_DOWNLOAD = "no_download", "its client fetched nothing of this service then"
    NO_DURATION = "no_duration", "the log tells no duration"
    NOTHING_SENT = "nothing_sent", "it failed or carried nothing"


class StreamSession(models.Model):
    """One TCP session. Its bytes were never cached and are no download's bytes."""

    datasource = models.ForeignKey(Datasource, models.CASCADE)
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

    def get_absolute_url(self) -> str:
        return reverse("admin:downloads_streamsession_change", args=[self.pk])

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
