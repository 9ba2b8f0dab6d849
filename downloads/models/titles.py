"""What is downloaded, and what it is called."""

from django.db import models

from downloads.models.shown import Shown


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
