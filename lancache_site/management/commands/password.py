from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from lancache_site.accounts import FIRST_NAME, new_password


class Command(BaseCommand):
    help = "Make a new password for an account, and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "user", nargs="?", default=FIRST_NAME, help="default: %(default)s"
        )

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        try:
            password = new_password(user)
        except DatabaseError as error:
            raise CommandError(f"the database does not answer: {error}") from error
        if password is None:
            raise CommandError(f"there is no account named {user!r}")
        self.stdout.write(f"Name: {user}\nPassword: {password}")
