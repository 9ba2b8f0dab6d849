import json
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from lancache_site import preflight
from lancache_site.accounts import first_account
from lancache_site.addresses import urls
from lancache_site.processes import as_json


class Command(BaseCommand):
    help = "Start everything: broker, web, worker and schedules. Ctrl-C stops it all."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.prepare()
        except preflight.NotReady as reason:
            raise CommandError(str(reason)) from reason
        self.give_way()

    def prepare(self) -> None:
        preflight.lock(settings.DATA_DIR)
        preflight.check_port(settings.HOST, settings.PORT)
        if settings.EMBEDDED_BROKER:
            preflight.prepare_socket(settings.BROKER_SOCKET)
        else:
            preflight.check_redis()
        preflight.prepare_database()
        preflight.prepare_datasource()
        self.stdout.write("LANCache bandwidth will be at")
        for url in urls(settings.HOST, settings.PORT):
            self.stdout.write(f"  {url}")
        if account := first_account():
            name, password = account
            self.stdout.write(
                f"Sign in with\n  name      {name}\n  password  {password}\n"
                "It is shown this once; `manage.py password` makes another."
            )

    def give_way(self) -> None:
        """Become the supervisor, which needs no Django."""
        listed = settings.DATA_DIR / "processes.json"
        listed.write_text(json.dumps(as_json(), indent=1))
        connections.close_all()
        self.stdout.flush()
        sys.stderr.flush()
        # The children run in the code's directory, where a relative path would change.
        os.environ["DATA_DIR"] = str(settings.DATA_DIR)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lancache_site.settings")
        os.chdir(Path(settings.BASE_DIR))
        python = sys.executable
        os.execv(python, [python, "-m", "lancache_site.supervisor", str(listed)])
