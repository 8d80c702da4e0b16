"""`manage.py confirm_team SLUG`: the team that has this name on GitHub now is meant, whatever it was before."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.engine.roles import confirm_team


class Command(BaseCommand):
    help = "Confirms that a GitHub team which replaced another one of the same name gives its roles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", help="the team's slug")

    def handle(self, *args: Any, team: str, **options: Any) -> None:
        number = confirm_team(team)
        if number is None:
            raise CommandError(f"No other team has taken the name {team!r}.")
        self.stdout.write(f"{team} is team {number} from now on; its members get their roles with the next round.")
