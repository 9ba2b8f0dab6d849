"""Where reading stands: files, passes, and lines that could not be taken in."""

from pathlib import Path

from django.db import models

from downloads.models import Datasource
from downloads.models.shown import Shown


class LogFile(Shown):
    """One log file by its content, whatever it is called now, and how far it is read.

    All positions count decompressed bytes and stand at starts of lines. Read are
    [0, history_offset) and [live_start, offset): a first read begins near the end of
    the newest file, and the history behind it follows.
    """

    class Kind(models.TextChoices):
        ACCESS = "access", "access log"
        STREAM = "stream", "stream log"

    class State(models.TextChoices):
        READING = "reading", "being read"
        COPY = "copy", "a copy of what was read"
        ASIDE = "aside", "the same traffic in another format: not read"
        UNREADABLE = "unreadable", "cannot be read"

    datasource = models.ForeignKey(Datasource, models.CASCADE)
    path = models.CharField(max_length=4096, help_text="Where it was last seen.")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.READING)
    head_len = models.PositiveIntegerField(help_text="Bytes that head_hash covers.")
    head_hash = models.CharField(max_length=64)
    tail_hash = models.CharField(
        max_length=64, blank=True, help_text="Of the 256 bytes before the offset."
    )
    live_start = models.BigIntegerField(default=0)
    history_offset = models.BigIntegerField(default=0)
    offset = models.BigIntegerField(default=0)
    counted_offset = models.BigIntegerField(
        default=0,
        help_text="Lines from live_start up to here have counted for Prometheus.",
    )
    counted_history = models.BigIntegerField(
        default=0, help_text="Lines before this position have counted, too."
    )
    size = models.BigIntegerField(default=0, help_text="Bytes on disk when last seen.")
    inode = models.BigIntegerField(null=True)
    device = models.BigIntegerField(null=True)
    finished = models.BooleanField(
        default=False, help_text="Compressed, and read to its end."
    )
    lines = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    sessions = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    format = models.CharField(max_length=32, blank=True, help_text="As last seen.")
    first_stamp = models.BigIntegerField(null=True, help_text="Epoch seconds.")
    last_stamp = models.BigIntegerField(null=True, help_text="Epoch seconds.")
    note = models.TextField(blank=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["datasource", "path"]
        indexes = [
            # Discovery: the known file with this beginning.
            models.Index(fields=["datasource", "head_hash"], name="logfile_by_head"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        return Path(self.path).name


class IngestRun(Shown):
    """One pass over a datasource that read something, or failed."""

    datasource = models.ForeignKey(Datasource, models.CASCADE, db_index=False)
    started_at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    bytes = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    sessions = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    skipped_by_reason = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    failed = models.BooleanField(default=False, help_text="There is an error.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Lists of one datasource, newest first, and how fast it was of late.
            models.Index(fields=["datasource", "-id"], name="run_newest"),
            # The few that failed, among a million that did not.
            models.Index(
                fields=["-id"], name="run_failed", condition=models.Q(failed=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.datasource} {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def lines_per_second(self) -> float | None:
        return self.lines / self.seconds if self.seconds and self.lines else None


class RejectedLine(Shown):
    """A line that no format fits, bounded in length and in number."""

    datasource = models.ForeignKey(Datasource, models.CASCADE)
    file = models.ForeignKey(
        LogFile, models.SET_NULL, null=True, help_text="Whatever it is called now."
    )
    path = models.CharField(max_length=4096)
    position = models.BigIntegerField(help_text="Byte offset (decompressed).")
    reason = models.CharField(max_length=200)
    text = models.TextField(help_text="Its first 500 bytes, escaped.")
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.path}:{self.position}"
