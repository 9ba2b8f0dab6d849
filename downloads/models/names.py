"""What traffic belongs to: a cache, a client, a title."""

import ipaddress

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property

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


class NameSource(models.TextChoices):
    """Who says that a client is called so. What people say, no lookup replaces."""

    HAND = "hand", "by hand"
    CSV = "csv", "from a list"
    LEASE = "lease", "DHCP lease"
    DNS = "dns", "reverse DNS"


class Client(Shown):
    """One address on the LAN. Several may belong to one person or machine.

    A pseudonymised one has a token for its address, and a keyed hash of the address,
    by which ingestion knows later lines of it again: see downloads.clients.pseudonyms.
    """

    address = models.CharField(max_length=64, unique=True)
    address_hash = models.CharField(max_length=64, blank=True, editable=False)
    name = models.CharField(max_length=200, blank=True)
    name_source = models.CharField(
        "named", max_length=8, choices=NameSource, blank=True, editable=False
    )
    person = models.CharField(
        "person or machine",
        max_length=200,
        blank=True,
        help_text="Addresses with one person or machine are shown as one.",
    )
    hidden = models.BooleanField(
        default=False, help_text="Not shown in lists. Still counted in totals."
    )
    excluded = models.BooleanField(
        default=False, help_text="Left out of statistics, such as a prefill host."
    )

    class Meta:
        ordering = ["address"]
        constraints = [
            # Recording: the pseudonym of an address, of which there are few or none.
            models.UniqueConstraint(
                fields=["address_hash"],
                condition=~models.Q(address_hash=""),
                name="client_pseudonym_once",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.person or self.address

    @cached_property
    def fetched(self) -> dict[str, int]:
        """Sums of what it fetched, and the second since when; {} if nothing is known.

        Kept, because a page of the admin asks for a field several times.
        """
        sums = self.trafficquarter_set.aggregate(
            hit_bytes=models.Sum("hit_bytes"),
            miss_bytes=models.Sum("miss_bytes"),
            other_bytes=models.Sum("other_bytes"),
            requests=models.Sum("requests"),
            failed_requests=models.Sum("failed_requests"),
            since=models.Min("at"),
        )
        return {} if sums["since"] is None else sums

    @cached_property
    def others(self) -> "list[Client]":
        """Some of the other addresses of its person."""
        if not self.person:
            return []
        others = Client.objects.filter(person=self.person).exclude(pk=self.pk)
        return list(others.order_by("address")[:20])


class ClientNaming(Shown):
    """Where names of clients may be looked up; the one row of it. All is off at first.

    A name that was given by hand or in a list is never replaced.
    """

    lease_file = models.CharField(
        "lease file",
        max_length=4096,
        blank=True,
        help_text="Such as /var/lib/misc/dnsmasq.leases, or Pi-hole's"
        " /etc/pihole/dhcp.leases, as the worker sees it. Empty: off.",
    )
    reverse_dns = models.BooleanField(
        "ask reverse DNS",
        default=False,
        help_text="Asks this machine's resolver for the name of each address.",
    )
    public_addresses = models.BooleanField(
        "of public addresses, too",
        default=False,
        help_text="Without it, DNS is asked for private addresses only.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "automatic names"
        constraints = [
            # There is one LAN, and one way to look its names up.
            models.CheckConstraint(condition=models.Q(id=1), name="client_naming_once")
        ]

    def __str__(self) -> str:
        return "Automatic names of clients"

    @classmethod
    def current(cls) -> "ClientNaming":
        return cls.objects.get_or_create(pk=1)[0]

    @property
    def is_on(self) -> bool:
        return bool(self.lease_file or self.reverse_dns)


class Title(Shown):
    """What a path names within a service: a Steam depot, a Blizzard product, ...

    ``raw`` is what the log says and never changes; '' where a path names nothing.
    ``name`` is what a person calls it. Titles of one service that bear one name are
    one game, and their bursts become one download. What was named, or left without a
    name, by hand stays so whatever lists say.
    """

    class NamedBy(models.TextChoices):
        NOBODY = "", "no name"
        LIST = "list", "from a list"
        HAND = "hand", "by hand"
        TAKEN_BACK = "back", "none, by hand"

    BY_HAND = (NamedBy.HAND, NamedBy.TAKEN_BACK)

    service = models.CharField(max_length=64)
    raw = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    named_by = models.CharField(
        max_length=8, choices=NamedBy, default=NamedBy.NOBODY, blank=True
    )

    class Meta:
        ordering = ["service", "raw"]
        constraints = [
            models.UniqueConstraint(fields=["service", "raw"], name="title_once")
        ]
        indexes = [
            # Grouping: all titles of one game.
            models.Index(fields=["service", "name"], name="title_of_game"),
            # The admin's list, filtered by where names came from.
            models.Index(fields=["named_by", "service", "raw"], name="title_named_by"),
        ]

    def __str__(self) -> str:
        return self.name or self.raw or "(no title)"
