"""Whether the audit is whole. Exit code 1 and the first broken row where it is not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from operations.queries import verify_audit


class Command(BaseCommand):
    help = "Verifies the chain of the audit and names the first row that was changed, removed or added."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--known", default="", metavar="DIGEST", help="a digest printed by an earlier run, which must still occur"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify_audit(known=options["known"])
        if found.broken:
            self.stderr.write(f"broken after {found.entries:,} good entries: {found.broken}")
            raise SystemExit(1)
        span = f", from {found.oldest:%d %b %Y} to {found.newest:%d %b %Y}" if found.oldest and found.newest else ""
        self.stdout.write(f"{found.entries:,} entries{span}, each follows the one before it.")
        if found.removed:
            self.stdout.write(f"{found.removed:,} older ones were removed by retention.")
        self.stdout.write(f"digest {found.digest or 'none'}: write it down elsewhere and give it as --known next time.")
