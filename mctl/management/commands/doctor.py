"""`manage.py doctor`: asks every system that MCTL stands on, and says in words what is missing and how to mend it."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from textwrap import indent, wrap
from typing import Any

from django.core.management.base import BaseCommand

from mctl.health import Group, Line, Report, State, system_report
from mctl.health.shape import as_json

WIDTH = 100
NAMES_WIDTH = 20


class Command(BaseCommand):
    help = (
        "Asks every system that MCTL stands on, and each right in Kubernetes. Ends with 0 where all that MCTL needs is "
        "there, else with 1."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the same as JSON, every line")

    def handle(self, *args: Any, **options: Any) -> None:
        report = system_report()
        if options["json"]:
            self.stdout.write(json.dumps(as_json(report), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(text_of_report(report)))
        if not report.is_well:
            sys.exit(1)


def text_of_report(report: Report) -> Iterator[str]:
    for group in report.groups:
        if group.lines:
            yield group.title
            yield from text_of_group(group)
            yield ""
    yield f"{report.sentence} Asked in {report.took_s:g} s."


def text_of_group(group: Group) -> Iterator[str]:
    if not group.is_folded:
        for line in group.lines:
            yield from text_of(line)
        return
    for line in group.wrong:
        yield from text_of(line)
    yield f"  {State.OK:<14} {len(group.well)} of {len(group.lines)}"


def text_of(line: Line) -> Iterator[str]:
    head = f"  {line.state:<14} {line.name:<{NAMES_WIDTH}} "
    yield from wrap(line.said, WIDTH, initial_indent=head, subsequent_indent=" " * 17)
    if line.remedy and not line.is_well:
        yield from wrap(line.remedy, WIDTH, initial_indent=" " * 17 + "-> ", subsequent_indent=" " * 20)
    if line.rule:
        yield indent(line.rule.rstrip(), " " * 20)
