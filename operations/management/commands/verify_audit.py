"""Whether the audit is whole.

Exit code 0: all of it holds. 1: it does not, with the first broken row. 2: nothing is broken, but what only the key can
tell was not checked.
"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operations.engine import begin_sealing
from operations.queries import verify_audit
from operations.queries.audit_chain import Verification

BROKEN, NOT_CHECKED = 1, 2


class Command(BaseCommand):
    help = "Verifies the chain of the audit and names the first row that was changed, removed or added."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--known", default="", metavar="DIGEST", help="a digest printed by an earlier run, which must still occur"
        )
        parser.add_argument(
            "--begin-sealing", action="store_true", help="vouch for the entries there are, and seal those from now on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["begin_sealing"]:
            if not settings.AUDIT_KEY:
                raise CommandError("MCTL_AUDIT_KEY is not set here.")
            begin_sealing()
        found = verify_audit(known=options["known"])
        if found.broken:
            self.stderr.write(f"broken after {found.entries:,} good entries: {found.broken}")
            raise SystemExit(BROKEN)
        self.stdout.write(f"{found.entries:,} entries{span(found)}, each follows the one before it.")
        if found.removed:
            self.stdout.write(f"{found.removed:,} older ones were removed by retention.")
        self.stdout.write(f"digest {found.digest or 'none'}: write it down elsewhere and give it as --known next time.")
        if found.unchecked:
            self.stderr.write(f"not checked: {found.unchecked}")
            raise SystemExit(NOT_CHECKED)
        self.stdout.write(about_seals(found))


def span(found: Verification) -> str:
    return f", from {found.oldest:%d %b %Y} to {found.newest:%d %b %Y}" if found.oldest and found.newest else ""


def about_seals(found: Verification) -> str:
    if not found.sealed:
        return "No entry is sealed: anyone who can write the database can rewrite them, unless MCTL_AUDIT_KEY is set."
    return f"{found.sealed:,} are sealed with MCTL_AUDIT_KEY, from this one on: {found.sealed_from}."
