"""Names titles from a list."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from downloads import importing, jobs
from downloads.models import Job
from downloads.title_lists import NotAList

CHUNK = 1 << 20


class Command(BaseCommand):
    # They load every page, a second of it; `up` checks.
    requires_system_checks = []
    help = (
        "Name Steam's depots from FILE, lancache-pics JSON or SteamDepotFinder CSV, and"
        " group downloads by the games that they belong to."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                chunks = iter(lambda: opened.read(CHUNK), b"")
                job = importing.ask_for_upload(chunks, file.name)
        except NotAList as problem:
            raise CommandError(f"{file}: {problem}") from problem
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        job = self._finish(job)
        if job.state != Job.State.DONE:
            raise CommandError(f"{file}: {job.outcome or job.get_state_display()}")
        self.stdout.write(job.outcome)

    def _finish(self, job: Job) -> Job:
        console = Console(stderr=True)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:.0f} %"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        ) as bar:
            task = bar.add_task("reading", total=None)

            def show(job: Job) -> None:
                stage = job.position.get("stage", "reading")
                bar.update(task, description=stage, completed=job.done, total=job.total)

            return jobs.finish(job, show)
