"""`manage.py diagnose`: the diagnosis in a terminal, live or from a dump."""

import getpass
import json
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.actor import Actor, Door
from core.errors import Problem
from diagnosis.queries import read_dump
from diagnosis.queries.asked import find_declared
from diagnosis.queries.bundle import bundle
from diagnosis.queries.dump import taken_at
from diagnosis.queries.live import look_live
from diagnosis.registry import targets
from diagnosis.rules import Diagnosis, Snapshot, Target, diagnose_snapshot
from diagnosis.rules.facts.objects import when
from diagnosis.rules.report.printing import printed


class Command(BaseCommand):
    help = "Says what is wrong with a service, why, on which evidence and what to do."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", nargs="?", help="TENANT/SERVICE, read live")
        parser.add_argument("--from", dest="source", type=Path, help="a YAML or JSON file, or a folder of them")
        parser.add_argument("--logs", type=Path, help="folder with <pod>__<container>.txt and .previous.txt")
        parser.add_argument("--namespace", default="", help="namespace of the target")
        parser.add_argument("--service", "--name", dest="name", default="", help="name of the service or object")
        parser.add_argument(
            "--kind",
            default="Deployment",
            help=f"kind of the target; Deployment where left out. Live also {', '.join(targets())}, as TENANT/NAME",
        )
        parser.add_argument(
            "--at",
            default="",
            help="where the clock stands, such as 2026-08-20T09:30:00Z; the newest time in the dump where left out",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--bundle", type=Path, help="also write a redacted support bundle, a zip, to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        target = _target(options)
        found, snapshot = _from_dump(options, target) if options["source"] else look_live(target, thorough=True)
        if found.is_absent and not found.findings and not options["source"]:
            raise CommandError(found.sentence)
        if options["bundle"]:
            _keep(options["bundle"], bundle(found, snapshot))
            self.stderr.write(f"The bundle is in {options['bundle']}. Look through it before you send it.")
        self.stdout.write(
            json.dumps(found.as_dict(), ensure_ascii=False, indent=2) if options["json"] else printed(found)
        )


def _target(options: dict[str, Any]) -> Target:
    namespace, name = options["namespace"], options["name"]
    if options["target"]:
        namespace, slash, name = options["target"].partition("/")
        if not slash:
            raise CommandError("Name the target as TENANT/SERVICE, such as payments/ledger-api.")
    if not name:
        raise CommandError("Say which: TENANT/SERVICE, or --namespace and --service with --from.")
    return (
        _found(options, namespace, name) if options["kind"] in targets() else Target(options["kind"], namespace, name)
    )


def _found(options: dict[str, Any], tenant: str, name: str) -> Target:
    """By the finder that an app declares. Anyone with a shell here sees every tenant."""
    if options["source"]:
        raise CommandError(
            f"--kind {options['kind']} is found live. With --from, name a kind of Kubernetes: --kind Job."
        )
    actor = Actor(getpass.getuser(), Door.COMMAND, is_admin=True)
    try:
        return find_declared(actor, options["kind"], tenant, name)
    except Problem as problem:
        raise CommandError(" ".join(filter(None, [problem.sentence, problem.remedy]))) from problem


def _keep(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise CommandError(f"The bundle cannot be written: {error}") from error


def _from_dump(options: dict[str, Any], target: Target) -> tuple[Diagnosis, Snapshot]:
    try:
        snapshot = read_dump(options["source"], options["logs"])
    except (OSError, ValueError) as error:
        raise CommandError(f"The dump cannot be read: {error}") from error
    return diagnose_snapshot(snapshot, target, _moment(options["at"], snapshot)), snapshot


def _moment(text: str, snapshot: Snapshot) -> datetime:
    """The time told, else the time of the dump."""
    moment = when(text) if text else min(taken_at(snapshot) or clock.now(), clock.now())
    if moment is None:
        raise CommandError(f"--at {text} is no time; write it as 2026-08-20T09:30:00Z.")
    return moment
