"""`manage.py sandbox`: the embedded platform alone, for a product that runs elsewhere or for another client.

With --kubeconfig the emulated API server is left out and the controllers run against that cluster, beside those it has.
"""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from honcho.manager import Manager
from honcho.printer import Printer

from sandbox.controllers.neighbours import AUTO, GROUPS, read_groups
from sandbox.platform import Platform, free_port
from sandbox.run import GIT_PORT, GITHUB_PORT, KUBERNETES_PORT, kept, write_environment


class Command(BaseCommand):
    help = "Starts the embedded platform without the product; Ctrl-C ends it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kubeconfig", type=Path, help="use this cluster instead of the emulated API server")
        parser.add_argument(
            "--controllers",
            help=f"which controllers run, of {', '.join(GROUPS)}; left out: those that the cluster does not have",
        )
        parser.add_argument("--speed", type=float, default=1.0, help="divides every duration of the emulated cluster")

    def handle(
        self, *args: Any, kubeconfig: Path | None, controllers: str | None, speed: float, **options: Any
    ) -> None:
        if kubeconfig and not kubeconfig.is_file():
            raise CommandError(f"{kubeconfig} is no file. Example: --kubeconfig ~/.kube/config")
        groups = controllers or (AUTO if kubeconfig else "")
        try:
            read_groups(groups)
        except ValueError as error:
            raise CommandError(str(error)) from error
        directory = Path(settings.VAR_DIR) / "platform"
        ports = (free_port(KUBERNETES_PORT), free_port(GIT_PORT), free_port(GITHUB_PORT))
        platform = Platform(directory, *ports[:2], speed, kubeconfig, ports[2], groups)
        platform.prepare()
        write_environment(platform, platform.environment())
        self.stdout.write(f"Settings for the product: {directory / 'environment'}")
        manager = Manager(Printer(sys.stdout))
        for part in platform.parts():
            after = ["--after", str(platform.kubeconfig)] if part.name == "controllers" else []
            manager.add_process(part.name, kept(part.argv, after))
        manager.loop()
