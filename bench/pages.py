"""List pages at 100 and at 10,000 services: server time, queries and size, in one process with its own database."""

import json
import os
import statistics
import tempfile
import time
from typing import Any

RUNS = 60
WARM_UP = 5


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


def fill(number: int) -> None:
    """`number` services over a tenth as many tenants; one in twenty is in trouble."""
    from core.clock import now
    from services.models import URGENCY_BROKEN, URGENCY_QUIET, Service
    from tenants.models import Member, Tenant

    Service.objects.all().delete()
    Tenant.objects.all().delete()
    tenants = [Tenant(name=f"tenant-{index:04}", cluster_observed_at=now()) for index in range(max(1, number // 50))]
    Tenant.objects.bulk_create(tenants)
    Member.objects.bulk_create(
        Member(tenant=tenant, login="dev", role="developer", resolved_at=now()) for tenant in Tenant.objects.all()
    )
    Service.objects.bulk_create(
        Service(
            tenant=tenants[index % len(tenants)].name,
            name=f"service-{index:05}",
            tag="1.4.2",
            replicas_wanted=2,
            replicas_ready=1 if index % 20 == 0 else 2,
            pods=[["bad", 1], ["ok", 1]] if index % 20 == 0 else [["ok", 2]],
            health="Degraded" if index % 20 == 0 else "Healthy",
            sync="Synced",
            cause="Killed for memory: limit 256Mi, 14 restarts in 2 h" if index % 20 == 0 else "",
            cause_tone="bad" if index % 20 == 0 else "",
            urgency=URGENCY_BROKEN if index % 20 == 0 else URGENCY_QUIET,
            changed_at=now(),
            changed_by="dev",
            change_kind="deploy",
        )
        for index in range(number)
    )


def measured(client: Any, path: str) -> dict[str, float]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times = []
    for run in range(RUNS + WARM_UP):
        began = time.perf_counter()
        answer = client.get(path)
        assert answer.status_code == 200, answer.status_code
        if run >= WARM_UP:
            times.append((time.perf_counter() - began) * 1000)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return {
        "p50 ms": round(statistics.median(times), 1),
        "p95 ms": round(statistics.quantiles(times, n=20)[-1], 1),
        "queries": len(queries),
        "kB": round(len(answer.content) / 1024, 1),
    }


def main() -> None:
    prepare()
    from django.conf import settings
    from django.test import Client

    from accounts.models import Person

    settings.DEBUG = False
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    figures = {}
    for number in (100, 10_000):
        fill(number)
        for path in ("/services/", "/services/?sort=-changed&q=service-0", "/tenants/tenant-0000/", "/"):
            for figure, value in measured(client, path).items():
                figures[f"{path} at {number:,} services: {figure}"] = value
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
