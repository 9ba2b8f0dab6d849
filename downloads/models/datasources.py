"""The caches whose logs are read."""

import ipaddress

from django.core.exceptions import ValidationError
from django.db import models

from downloads.models.shown import Shown


def validate_networks(text: str) -> None:
    """Raise ValidationError unless ``text`` lists addresses or networks."""
    for word in text.replace(",", " ").split():
        try:
            ipaddress.ip_network(word, strict=False)
        except ValueError as error:
            raise ValidationError(f"{word!r} is no address and no network") from error


class Logs(models.TextChoices):
    """Which of a cache's two logs something is about."""

    BOTH = "both", "both logs"
    ACCESS = "access", "the access log"
    STREAM = "stream", "the stream log"

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"access", "stream"} if self is Logs.BOTH else {self.value})

    @classmethod
    def of(cls, kinds: frozenset[str]) -> "Logs | None":
        """Return what has these kinds; None if there are none."""
        return next((logs for logs in cls if logs.kinds == kinds), None)


class Datasource(Shown):
    """One cache: a directory in which its nginx writes both logs."""

    name = models.CharField(max_length=100, unique=True)
    log_directory = models.CharField(
        max_length=4096, help_text="Where this cache's nginx writes its logs."
    )
    enabled = models.BooleanField(
        default=True, help_text="Untick to pause reading; nothing is forgotten."
    )
    reads = models.CharField(
        max_length=8,
        choices=Logs,
        default=Logs.BOTH,
        help_text="Which logs are read while it is not paused.",
    )
    trusted_proxies = models.TextField(
        blank=True,
        validators=[validate_networks],
        help_text="Addresses or networks of proxies in front of the cache. Behind one"
        " of them the client is taken from X-Forwarded-For.",
    )
    history_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Read only lines of the last so many days. Empty: everything.",
    )
    preferred_series = models.CharField(
        max_length=255,
        blank=True,
        editable=False,
        help_text="Of access logs that tell the same traffic in several formats, the"
        " one that the operator wants read.",
    )
    forgetting = models.CharField(
        max_length=8,
        choices=Logs,
        blank=True,
        editable=False,
        help_text="The logs whose data is forgotten in part. Reading rests until it is"
        " forgotten wholly.",
    )
    last_error = models.TextField(blank=True, editable=False)
    last_error_at = models.DateTimeField(null=True, blank=True, editable=False)
    unread_files = models.JSONField(
        default=list,
        editable=False,
        help_text="Files that look like logs and are not read: [[name, reason], ...].",
    )
    newest_stamp = models.BigIntegerField(
        default=0,
        editable=False,
        help_text="The newest time seen in its logs, in epoch seconds: its own clock.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def kinds_read(self) -> frozenset[str]:
        """The kinds of log that are read from tick to tick."""
        return Logs(self.reads).kinds if self.enabled else frozenset()

    def trusted_networks(
        self,
    ) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        return [
            ipaddress.ip_network(word, strict=False)
            for word in self.trusted_proxies.replace(",", " ").split()
        ]
