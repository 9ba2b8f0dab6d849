"""What traffic belongs to: a cache, a client, a title."""

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


class Datasource(Shown):
    """One cache: a directory in which its nginx writes both logs."""

    name = models.CharField(max_length=100, unique=True)
    log_directory = models.CharField(
        max_length=4096, help_text="Where this cache's nginx writes its logs."
    )
    enabled = models.BooleanField(
        default=True, help_text="Untick to pause reading; nothing is forgotten."
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

    def trusted_networks(
        self,
    ) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        return [
            ipaddress.ip_network(word, strict=False)
            for word in self.trusted_proxies.replace(",", " ").split()
        ]


class Client(Shown):
    """One address on the LAN. Several may belong to one person or machine."""

    address = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200, blank=True)
    person = models.CharField(
        max_length=200,
        blank=True,
        help_text="Addresses with one person are shown as one.",
    )
    hidden = models.BooleanField(
        default=False, help_text="Not shown in lists. Still counted in totals."
    )
    excluded = models.BooleanField(
        default=False, help_text="Left out of statistics, such as a prefill host."
    )

    class Meta:
        ordering = ["address"]

    def __str__(self) -> str:
        return self.name or self.address


class Title(Shown):
    """What a path names within a service: a Steam depot, a Blizzard product, ...

    ``raw`` is what the log says and never changes; '' where a path names nothing.
    ``name`` is what a person calls it. Titles of one service that bear one name are
    one game, and their bursts become one download.
    """

    service = models.CharField(max_length=64)
    raw = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["service", "raw"]
        constraints = [
            models.UniqueConstraint(fields=["service", "raw"], name="title_once")
        ]
        indexes = [
            # Grouping: all titles of one game.
            models.Index(fields=["service", "name"], name="title_of_game"),
        ]

    def __str__(self) -> str:
        return self.name or self.raw or "(no title)"
