"""Links sessions to downloads."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from downloads import linking


class Command(BaseCommand):
    help = "Link the sessions that nobody has looked at yet to downloads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--all", action="store_true", help="Look at every session again."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        if options["all"]:
            linking.reopen_all()
        looked_at = linked = 0
        while done := linking.correlate():
            looked_at += done
        seconds = time.monotonic() - began
        self.stdout.write(f"{looked_at} sessions correlated in {seconds:.1f} s")
