"""The audit: its page, its export and its verification at 100,000 entries; what one entry costs, and what one limit.

One process with its own database; the broker is the embedded one, started here.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

ENTRIES = 100_000
CHECKS = 2_000
WRITES = 300
PATHS = (
    "/audit/",
    "/audit/?result=denied&actor=vera",
    "/audit/?q=wall-77",
    "/audit/?since=2026-01-03&until=2026-01-03",
)


def prepare() -> None:
    directory = tempfile.mkdtemp(prefix="mctl-bench-")
    os.environ.update(
        MCTL_TEST_DIR=directory,
        DATABASE_URL=f"sqlite://{directory}/bench.sqlite3",
        DJANGO_SETTINGS_MODULE="tests.settings",
        MCTL_ALLOWED_HOSTS="testserver",
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def start_broker() -> "subprocess.Popen[bytes]":
    from tests.settings import PLATFORM

    PLATFORM.prepare()
    part = next(part for part in PLATFORM.parts() if part.name == "valkey")
    process = subprocess.Popen(part.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not part.ready():
        time.sleep(0.02)
    return process


def fill(number: int) -> None:
    """A chain of its own, written in bulk: the same hashes as one by one."""
    from datetime import UTC, datetime, timedelta

    from operations.models import AuditChain, AuditEntry

    begin, digest, batch = datetime(2026, 1, 1, tzinfo=UTC), "", []
    for index in range(number):
        entry = AuditEntry(
            at=begin + timedelta(seconds=30 * index),
            actor=("dev", "olga", "vera", "ada")[index % 4],
            door=("web", "mcp", "rest")[index % 3],
            verb="deploy-service",
            tenant=("payments", "labs")[index % 2],
            target=f"payments/wall-{index % 1000}",
            result=("started", "succeeded", "denied")[index % 3],
            reason="Deploying a service needs the developer role in payments." if index % 3 == 2 else "",
            parameters={"image_tag": "1.4.2"},
            previous=digest,
        )
        entry.digest = digest = entry.computed_digest()
        batch.append(entry)
    AuditEntry.objects.bulk_create(batch, batch_size=2_000)
    AuditChain.objects.update_or_create(pk=1, defaults={"digest": digest, "written": number})


def once_ms(work: Any) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def p50_p95(times: list[float]) -> str:
    return f"p50 {statistics.median(times):.2f} ms, p95 {statistics.quantiles(times, n=20)[-1]:.2f} ms"


def pages(figures: dict[str, Any]) -> None:
    from django.test import Client

    from accounts.models import Person
    from bench.pages import measured
    from tenants.models import Member, Tenant

    tenant = Tenant.objects.create(name="payments")
    Member.objects.create(tenant=tenant, login="vera", role="viewer", resolved_at="2026-01-01T00:00:00Z")
    for person in ("ada", "vera"):
        client = Client()
        client.force_login(Person.objects.signed_in(person))
        for path in PATHS:
            for figure, value in measured(client, path).items():
                figures[f"{path} as {person}: {figure}"] = value


def main() -> None:
    os.environ.setdefault("MCTL_PLATFORM_ADMINS", "ada")
    prepare()
    from django.conf import settings

    settings.DEBUG = False
    broker = start_broker()
    try:
        from core.actor import Actor, Door
        from core.limits import Kind, take
        from operations.engine import record_attempt
        from operations.queries import AuditFilter, export, verify_audit

        figures: dict[str, Any] = {}
        who = Actor("ada", Door.WEB, is_admin=True)
        fill(ENTRIES)
        pages(figures)
        figures["verify 100,000 entries, s"] = round(once_ms(verify_audit) / 1000, 2)
        for form in ("csv", "jsonl"):
            seconds = once_ms(lambda form=form: sum(len(piece) for piece in export(who, AuditFilter(), form))) / 1000
            figures[f"export 100,000 entries as {form}, s"] = round(seconds, 2)
        writes = [once_ms(lambda: record_attempt(who, "bench", result="started")) for _ in range(WRITES)]
        figures["one entry"] = p50_p95(writes)
        take(who, Kind.PAGE)
        figures["one limit check"] = p50_p95([once_ms(lambda: take(who, Kind.PAGE)) for _ in range(CHECKS)])
    finally:
        broker.terminate()
        broker.wait(timeout=20)
    print(json.dumps(figures))


if __name__ == "__main__":
    sys.exit(main())
