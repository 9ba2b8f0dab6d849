"""Links sessions to downloads."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from downloads import linking
from downloads.models import StreamSession


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
        looked_at = 0
        while done := linking.correlate().answered:
            looked_at += done
        seconds = time.monotonic() - began
        sessions = StreamSession.objects.count()
        linked = StreamSession.objects.filter(download__isnull=False).count()
        self.stdout.write(
            f"{looked_at} sessions looked at in {seconds:.1f} s;"
            f" {linked} of all {sessions} are linked"
        )
