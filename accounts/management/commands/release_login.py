"""`manage.py release_login LOGIN`: another GitHub account may take the login at its next sign-in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actions.admission import release_login


class Command(BaseCommand):
    help = "Frees a login that another GitHub account has now. Whoever had it is signed out and keeps the record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login")

    def handle(self, *args: Any, login: str, **options: Any) -> None:
        person = release_login(login)
        if person is None:
            raise CommandError(f"Nobody has the login {login!r} here.")
        self.stdout.write(f"{login} is free. Its former holder is kept as {person.login}.")
