"""Read every log in a place to its end, as a person at a shell asks for it."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from downloads import linking
from downloads.models import Datasource
from ingest import passes
from ingest.discovery import DirectoryProblem, discover
from ingest.understanding import Totals


class Command(BaseCommand):
    help = (
        "Read the logs in PATH, a directory or one file, to their end, going on where"
        " the last call stopped, and correlate them. Without PATH: all datasources."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, metavar="PATH")
        parser.add_argument(
            "--datasource", metavar="NAME", help="the datasource's name if it is new"
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object on the last line"
        )

    def handle(
        self,
        *args: Any,
        path: Path | None,
        datasource: str | None,
        json: bool,
        **options: Any,
    ) -> None:
        began = time.monotonic()
        only: Path | None = None
        if path is not None:
            directory, only = _place(path)
            sources = [_datasource(directory, datasource)]
        else:
            sources = list(Datasource.objects.filter(enabled=True, forgetting=""))
            if not sources:
                raise CommandError("There is no datasource yet: name a PATH.")
        done = [_read(source, only, quiet=json) for source in sources]
        seconds = time.monotonic() - began
        linked = _correlate()
        self._report(done, seconds, linked, json)

    def _report(
        self, done: list[passes.Pass], seconds: float, linked: int, as_json: bool
    ) -> None:
        totals = Totals()
        for one in done:
            totals.add(one.totals)
            for error in one.errors:
                self.stderr.write(error)
        report = {
            "files": sum(len(one.files) for one in done),
            "bytes": totals.bytes,
            "lines": totals.lines,
            "requests": totals.requests,
            "sessions": totals.sessions,
            "skipped": totals.skipped,
            "rejected": totals.rejected,
            "downloads": sum(one.downloads for one in done),
            "linked": linked,
            "seconds": round(seconds, 3),
        }
        if as_json:
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(", ".join(f"{k} {v:,}" for k, v in report.items()))
        if any(one.errors for one in done) and not totals.lines:
            raise CommandError("Nothing was read.")


def _place(path: Path) -> tuple[Path, Path | None]:
    """Return the log directory, and the one file that was asked for, if it was."""
    path = path.absolute()
    if not path.exists():
        raise CommandError(f"{path} does not exist.")
    if path.is_dir():
        directory, only = path, None
    else:
        directory, only = path.parent, path
    try:
        found = discover(directory)
    except DirectoryProblem as problem:
        raise CommandError(str(problem)) from problem
    files = [file for file in found.files if only in (None, file.path)]
    if not files:
        raise CommandError(
            f"{only} is no log that is known by its name."
            if only
            else f"{directory} holds no access or stream log."
        )
    if not any(file.size for file in files):
        raise CommandError(f"{path} is empty.")
    return directory, only


def _datasource(directory: Path, name: str | None) -> Datasource:
    """Return the datasource of ``directory``, made if there is none."""
    known = Datasource.objects.filter(log_directory=str(directory)).first()
    if known and known.forgetting:
        raise CommandError(f"{known}: its data is being forgotten. Try again later.")
    if known:
        return known
    wanted = name or slugify(directory.name) or "logs"
    if name and Datasource.objects.filter(name=name).exists():
        raise CommandError(f"The datasource {name} has another log directory.")
    number, free = 1, wanted
    while Datasource.objects.filter(name=free).exists():
        number += 1
        free = f"{wanted}-{number}"
    return Datasource.objects.create(name=free, log_directory=str(directory))


def _read(datasource: Datasource, only: Path | None, quiet: bool) -> passes.Pass:
    console = Console(stderr=True)
    with Progress(
        TextColumn(f"{datasource.name}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None, speed="")
        return passes.run(
            datasource,
            fresh_first=False,
            only=only,
            progress=_advance(bar, task),
        )


def _advance(bar: Progress, task: TaskID) -> passes.Progress:
    began, lines, read = time.monotonic(), 0, 0

    def advance(totals: Totals, left: int | None) -> None:
        nonlocal lines, read
        lines += totals.lines
        read += totals.bytes
        speed = f"{lines / max(time.monotonic() - began, 0.001):,.0f} lines/s"
        total = None if left is None else read + left
        bar.update(task, completed=read, total=total, speed=speed)

    return advance


def _correlate() -> int:
    linked = 0
    while (done := linking.correlate()).answered:
        linked += done.linked
    return linked
