"""Print all that the database promises, for a process of its own; see logs.snapshot."""

import os
import sys

import django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "lancache_site.settings"
    django.setup()
    from tests.ingest.logs import snapshot

    for name, rows in snapshot().items():
        for row in rows:
            sys.stdout.write(f"{name} {row!r}\n")


if __name__ == "__main__":
    main()
