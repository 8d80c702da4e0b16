"""`manage.py fault`: lists what can be broken, breaks a service, mends it again."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.gitops import gitops
from sandbox import faults
from sandbox.platform import ADMIN_KUBECONFIG


class Command(BaseCommand):
    help = "Switches failures of the sandbox on and off: fault list | add NAME TENANT/SERVICE [key=value] | remove ..."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="every fault, how it is mended, and which are on")
        for verb in ("add", "remove"):
            one = verbs.add_parser(verb)
            one.add_argument("fault", help="a name of `fault list`")
            one.add_argument("service", help="TENANT/SERVICE, such as payments/payments-api")
            if verb == "add":
                one.add_argument("pairs", nargs="*", help="key=value, such as needs_mib=300")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        kubeconfig = Path(os.environ.get(ADMIN_KUBECONFIG, ""))
        if not kubeconfig.is_file():
            raise CommandError("There is no cluster to break: start `make run` and read var/sandbox/environment first.")
        try:
            if verb == "list":
                self.show(kubeconfig)
            else:
                self.change(kubeconfig, verb, **options)
        except faults.FaultError as error:
            raise CommandError(str(error)) from error

    def show(self, kubeconfig: Path) -> None:
        active = faults.list_faults(kubeconfig)
        for fault in faults.CATALOGUE.values():
            self.stdout.write(f"{fault.name}\n    {fault.description}\n    Mended: {fault.mended_by}")
            for one in (one for one in active if one.fault.name == fault.name):
                said = ", ".join(f"{key}={value}" for key, value in one.settings.items() if key in fault.settings)
                self.stdout.write(f"    on for {one.tenant}/{one.service}{': ' + said if said else ''}")

    def change(self, kubeconfig: Path, verb: str, *, fault: str, service: str, **options: Any) -> None:
        tenant, _, name = service.partition("/")
        if not (tenant and name):
            raise CommandError(f"{service!r} is not TENANT/SERVICE. Example: payments/payments-api")
        if verb == "remove":
            gone = faults.remove(kubeconfig, fault, tenant, name, git=gitops())
            self.stdout.write(f"{fault} is off for {service}." if gone else f"{fault} was not on for {service}.")
            return
        added = faults.add(
            kubeconfig, fault, tenant, name, git=gitops(), **dict(pair(text) for text in options["pairs"])
        )
        self.stdout.write(f"{fault} is on for {service}. Mended: {added.fault.mended_by}")


def pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise CommandError(f"{text!r} is not key=value. Example: needs_mib=300")
    return key, value
