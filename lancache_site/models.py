"""What belongs to who signs in, and to no traffic."""

import hashlib
import secrets
import zoneinfo
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from downloads.quantities import Units


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless ``name`` is a time zone that this server knows."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is no time zone that is known here")


class Preferences(models.Model):
    """How one user has quantities and times shown. Who has none chose nothing yet."""

    class Rates(models.TextChoices):
        BYTES = "bytes", "bytes a second: 125.4 MB/s"
        BITS = "bits", "bits a second: 1.003 Gbit/s"

    class Prefixes(models.TextChoices):
        DECIMAL = "decimal", "decimal: 1 MB is 1,000,000 bytes"
        BINARY = "binary", "binary: 1 MiB is 1,048,576 bytes"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True
    )
    rates_in = models.CharField(max_length=8, choices=Rates, default=Rates.BYTES)
    prefixes = models.CharField(
        max_length=8, choices=Prefixes, default=Prefixes.DECIMAL
    )
    time_zone = models.CharField(
        max_length=64, blank=True, validators=[validate_time_zone]
    )

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @property
    def units(self) -> Units:
        return Units(
            rates_in_bits=self.rates_in == self.Rates.BITS,
            binary=self.prefixes == self.Prefixes.BINARY,
        )

    @property
    def zone(self) -> zoneinfo.ZoneInfo | None:
        """Their time zone; None for the server's, or if it is no longer known here."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone) if self.time_zone else None
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            return None


class KioskLinkQuerySet(models.QuerySet["KioskLink"]):
    def open_with(self, token: str) -> "KioskLink | None":
        """Return the link that ``token`` opens now, and note that it was seen."""
        links = self.select_related("created_by__preferences")
        link = links.filter(token_hash=hashed(token)).first()
        if link is None or not link.is_open:
            return None
        link.note_seen()
        return link


class KioskLink(models.Model):
    """Lets a screen show the live page, and do nothing else, without an account.

    Who has the token has the link: 256 random bits, of which only a hash is kept.
    """

    name = models.CharField(
        max_length=100, help_text="Such as: the screen in the hall."
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    shows_addresses = models.BooleanField(
        default=False,
        help_text="Show clients' addresses, too. Without it only names are shown.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: it is open until it is revoked."
    )
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_seen_at = models.DateTimeField(null=True, editable=False)

    objects = KioskLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired

    def make_token(self) -> str:
        """Return a new token; whoever held the one before holds nothing now."""
        token = secrets.token_urlsafe(32)
        self.token_hash = hashed(token)
        return token

    def revoke(self) -> None:
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])

    def note_seen(self) -> None:
        """Keep when a screen last showed it; once a minute is enough."""
        now = timezone.now()
        if self.last_seen_at is None or now - self.last_seen_at > timedelta(minutes=1):
            KioskLink.objects.filter(pk=self.pk).update(last_seen_at=now)


def hashed(token: str) -> str:
    # Random bits can't be guessed from a hash, however quick it is.
    return hashlib.sha256(token.encode()).hexdigest()
