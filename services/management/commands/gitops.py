"""`manage.py gitops show`: tenants and services as the gateway reads them, from any repository of the layout."""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Problem
from integrations.gitops import ServiceSpec, TenantSpec, World, gitops
from integrations.gitops.anywhere import world_of


class Command(BaseCommand):
    help = "Shows the tenants and services of a GitOps repository as MCTL reads them."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        show = commands.add_parser("show", help="tenants and services of the newest revision")
        show.add_argument(
            "--repo", default="", help="address or folder of a repository; left out: the one of the settings"
        )
        show.add_argument("--base-path", default=None, help="folder of the layout in it; '' for its root")
        show.add_argument("--branch", default="", help="left out: the one checked out, or main or master")
        show.add_argument("--json", action="store_true", dest="as_json", help="as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            world = read(options["repo"], options["base_path"], options["branch"])
        except Problem as problem:
            raise CommandError(" ".join(filter(None, [problem.sentence, problem.remedy]))) from problem
        for file in world.unreadable:
            place = f"{file.path}:{file.line}" if file.line else file.path
            self.stderr.write(f"unreadable: {place}: {file.sentence}")
        if options["as_json"]:
            self.stdout.write(json.dumps(as_json(world), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(as_lines(world)))


def read(repo: str, base_path: str | None, branch: str) -> World:
    """Without --base-path the setting's folder counts, and the root of the repository where that is absent."""
    is_plain = not repo and base_path is None and not branch
    if is_plain or not (repo or settings.GITOPS_URL):
        repository = gitops()
        return repository.read_world(repository.fetch())
    base_paths = [settings.GITOPS_BASE_PATH, ""] if base_path is None else [base_path]
    place, credentials = repo, ("", "")
    if repo in {"", settings.GITOPS_URL}:
        place, credentials = settings.GITOPS_URL, (settings.GITOPS_USERNAME, settings.GITOPS_TOKEN)
    with tempfile.TemporaryDirectory(prefix="gitops-") as folder:
        return world_of(place, cache_dir=Path(folder), base_paths=base_paths, branch=branch, credentials=credentials)


def as_json(world: World) -> dict[str, Any]:
    return {
        "revision": world.revision.sha,
        "tenants": [tenant_json(tenant) for tenant in world.tenants],
        "services": [service_json(service) for service in world.services],
    }


def tenant_json(tenant: TenantSpec) -> dict[str, Any]:
    """Members and quotas in the words of the values file."""
    return {
        "name": tenant.name,
        "display_name": tenant.display_name,
        "github_team": tenant.github_team,
        "members": [{"userId": member.login, "role": member.role} for member in tenant.members],
        "quotas": dict(tenant.quotas),
    }


def service_json(service: ServiceSpec) -> dict[str, Any]:
    return {
        "tenant": service.tenant,
        "name": service.name,
        "image": service.image,
        "tag": service.tag,
        "host": service.host,
        "port": service.port,
        "replicas": service.replicas,
        "has_database": service.has_database,
    }


def as_lines(world: World) -> list[str]:
    lines = [f"revision {world.revision.sha}", ""]
    for tenant in world.tenants:
        members = ", ".join(f"{member.login} ({member.role})" for member in tenant.members)
        lines.append(f"tenant {tenant.name}: {tenant.display_name}; team {tenant.github_team or 'none'}; {members}")
    lines.append("")
    for service in world.services:
        host = service.host or "no host"
        lines.append(f"{service.tenant}/{service.name}  {service.image}:{service.tag}  x{service.replicas}  {host}")
    return lines
