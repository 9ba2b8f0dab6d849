"""Work that an operator asked for and that takes longer than a page may."""

from typing import Any

from django.conf import settings
from django.db import models

from downloads.models.shown import Shown


class Job(Shown):
    """One piece of such work, done in steps by whichever worker comes first.

    ``arguments`` say what is to be done and never change; ``position`` is the step's
    own note of where it stands, so that any worker can go on after a kill.
    """

    class Kind(models.TextChoices):
        READ_NOW = "read_now", "read what is new"
        READ_AGAIN = "read_again", "read logs again from the start"
        FORGET_DATASOURCE = "forget_datasource", "forget a datasource's data"
        FORGET_CLIENT = "forget_client", "forget clients and their data"
        PSEUDONYMISE_CLIENT = "pseudonymise", "pseudonymise clients"
        NAME_CLIENTS = "name_clients", "look up clients' names"
        IMPORT_TITLES = "import_titles", "import names of titles"
        CORRELATE = "correlate", "correlate sessions again"

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        STOPPED = "stopped", "stopped by the operator"

    OPEN = (State.QUEUED, State.RUNNING)

    kind = models.CharField(max_length=32, choices=Kind)
    target = models.CharField(
        max_length=200, blank=True, help_text="What it is done to, as people read it."
    )
    arguments: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(
        default=dict
    )
    position: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(
        default=dict, editable=False
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(
        null=True, help_text="Whoever has it in hand has it until then."
    )
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    done = models.BigIntegerField(default=0, help_text="Of `total`, in its own unit.")
    total = models.BigIntegerField(null=True, help_text="Null while nobody knows.")
    outcome = models.TextField(blank=True, help_text="What came of it, or why not.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            # The queue: few are open, however many were ever asked for.
            models.Index(
                fields=["id"],
                name="job_open",
                condition=models.Q(state__in=["queued", "running"]),
            ),
        ]

    def __str__(self) -> str:
        what = self.get_kind_display()
        return f"{what}: {self.target}" if self.target else what

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def percent(self) -> int | None:
        """How much of it is done, 0 to 100; None while nobody knows."""
        if self.state == self.State.DONE:
            return 100
        if not self.total:
            return None
        return min(100, 100 * self.done // self.total)
