"""What published lists call things, whether or not a log has mentioned them yet."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models

from downloads.models.shown import Shown


class ListedName(Shown):
    """The name that the last list to mention it gave to a title."""

    service = models.CharField(max_length=64)
    raw = models.CharField(max_length=255)
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["service", "raw"]
        constraints = [
            # A title that logs bring is looked up here once.
            models.UniqueConstraint(fields=["service", "raw"], name="listed_once")
        ]

    def __str__(self) -> str:
        return self.name


def validate_web_address(text: str) -> None:
    """Raise ValidationError unless ``text`` is an address of http or https."""
    try:
        parts = urlsplit(text)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return
    except ValueError:
        pass  # a port or an address that can't be
    raise ValidationError("It must look like https://example.com/list.json")


class ListAddress(Shown):
    """Where a list is published. It is asked for only while the operator wants it."""

    url = models.CharField(
        "address", max_length=500, unique=True, validators=[validate_web_address]
    )
    enabled = models.BooleanField(
        "fetch it weekly",
        default=False,
        help_text="While this is off, nothing is ever asked of the address.",
    )
    # Of the list that is kept, as its server told them.
    etag = models.CharField(max_length=500, blank=True, editable=False)
    last_modified = models.CharField(max_length=100, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    kept_at = models.DateTimeField(
        null=True, editable=False, help_text="When the list that is kept was fetched."
    )
    problem = models.TextField(
        blank=True, editable=False, help_text="Why the last one fetched is not used."
    )

    class Meta:
        ordering = ["url"]
        verbose_name = "list address"
        verbose_name_plural = "list addresses"

    def __str__(self) -> str:
        return self.url
