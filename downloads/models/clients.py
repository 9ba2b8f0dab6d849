"""Who downloads, and how they are named."""

from django.db import models
from django.utils.functional import cached_property

from downloads.models.shown import Shown


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
