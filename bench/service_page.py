"""The page of a service with 50 pods and 2,000 events, diagnosed live from the embedded API; the weight of scripts."""

import gzip
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.mcp import valkey
from bench.pages import prepare

TENANT, NAME = "payments", "orders-api"
PODS, EVENTS = 50, 2_000
RUNS, WARM_UP = 40, 3


def fill(cluster: Any) -> None:
    """Half of the pods are not ready; each pod has 40 events, as after a long fight with its probe."""
    from integrations.kubernetes import kinds
    from tests.integrations.kubernetes import objects as make

    for namespace in (TENANT, "argocd"):
        make.make_namespace(cluster, namespace)
    make.create(cluster, kinds.APPLICATIONS, "argocd", make.application(TENANT, NAME, health="Degraded"))
    deployed = make.create(cluster, kinds.DEPLOYMENTS, TENANT, make.deployment(TENANT, NAME, PODS))
    full = deployed["metadata"]["name"]
    replicas = make.create(cluster, kinds.REPLICA_SETS, TENANT, make.replica_set(deployed, f"{full}-7d9c"))
    for number in range(PODS):
        body = make.pod(TENANT, NAME, f"{full}-7d9c-{number:05}")
        body["metadata"]["ownerReferences"] = [make.owner(replicas)]
        pod = make.create(cluster, kinds.PODS, TENANT, body)
        status = make.pod_status(ready=number % 2 == 0)
        make.set_status(cluster, kinds.PODS, TENANT, pod["metadata"]["name"], status)
        for count in range(EVENTS // PODS):
            make.create(cluster, kinds.EVENTS, TENANT, event(pod, count))


def event(pod: dict[str, Any], number: int) -> dict[str, Any]:
    about = {"apiVersion": "v1", "kind": "Pod", "namespace": TENANT}
    about |= {part: pod["metadata"][part] for part in ("name", "uid")}
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - number))
    return {
        "metadata": {"name": f"{pod['metadata']['name']}.{number:04}"},
        "involvedObject": about,
        "reason": "Unhealthy",
        "type": "Warning",
        "message": f"Readiness probe failed: HTTP probe failed with statuscode: 503 ({number})",
        "count": number + 1,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
    }


def measured(path: str) -> dict[str, float]:
    from django.test import Client

    from accounts.models import Person

    client, times = Client(), []
    client.force_login(Person.objects.signed_in("dev"))
    for run in range(RUNS + WARM_UP):
        began = time.perf_counter()
        answer = client.get(path)
        if run >= WARM_UP:
            times.append((time.perf_counter() - began) * 1000)
    assert answer.status_code == 200, answer.status_code
    assert "503" in answer.content.decode(), "the page names no cause"
    return {
        "p50 ms": round(statistics.median(times), 1),
        "p95 ms (budget 250)": round(statistics.quantiles(times, n=20)[-1], 1),
        "kB": round(len(answer.content) / 1024, 1),
    }


def scripts_kb() -> float:
    """What a page loads: our own scripts and htmx with its extensions, each as it travels."""
    import re

    from django.contrib.staticfiles import finders
    from django.test import Client

    page = Client().get("/sandbox/sign-in/").content.decode()
    sources = re.findall(r'<script[^>]*src="/static/([^"?]+)', page)
    assert sources, "the page loads no script"
    return round(sum(len(gzip.compress(Path(str(finders.find(source))).read_bytes())) for source in sources) / 1024, 1)


def main() -> None:
    prepare()
    from django.conf import settings

    from tests import builders
    from tests.integrations.kubernetes.servers import Emulator

    directory = Path(tempfile.mkdtemp(prefix="mctl-bench-"))
    emulator = Emulator(directory / "kubernetes")
    settings.DEBUG = False
    with valkey(directory):
        emulator.start()
        try:
            fill(emulator.cluster(60.0))
            settings.KUBECONFIG = str(emulator.product_kubeconfig)
            builders.the_cast()
            builders.service(NAME, tenant=TENANT, replicas_wanted=PODS, replicas_ready=PODS // 2, health="Degraded")
            figures = measured(f"/tenants/{TENANT}/services/{NAME}/")
        finally:
            emulator.stop()
    title = f"{PODS} pods, {EVENTS:,} events"
    whole = {f"service page, {title}: {name}": value for name, value in figures.items()}
    print(json.dumps({**whole, "scripts of a page, kB gzipped (budget 60)": scripts_kb()}))


if __name__ == "__main__":
    main()
