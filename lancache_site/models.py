"""What belongs to who signs in, and to no traffic."""

import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

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
