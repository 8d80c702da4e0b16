"""The rules alone over 50 pods and 2,000 events, index included: a service that is well, and three that are not."""

import json
import os
import statistics
import time
from collections.abc import Callable

RUNS = 40
PODS = 50
EVENTS = 2_000


def prepare() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()


def measure(trouble: str) -> list[float]:
    """Processor milliseconds of each run: what others do on the machine is not the rules'. Every run reads its own
    snapshot, as a live diagnosis does."""
    from diagnosis.rules import Snapshot, Target, diagnose_snapshot
    from tests.diagnosis.builders import App, application, crashing, endpoints, event, namespace, nodes, waiting
    from tests.diagnosis.parts import NOW, NS

    app = App(replicas=PODS)
    spec = app.spec["containers"][0]
    states: dict[str, Callable[[], object]] = {
        "well": lambda: app.log("GET /orders 200\n" * 200),
        "crash": lambda: app.state(crashing(spec)).log("starting\n" * 199 + "KeyError: 'API_KEY'"),
        "image": lambda: app.state(waiting(spec, "ImagePullBackOff", "ghcr.io/acme/api:1.4.0: not found")),
        "half": lambda: app.state(crashing(spec, 137, "OOMKilled"), pods=PODS // 2).log("GET /orders 200\n" * 200),
    }
    states[trouble]()
    service = app.service()
    about = [app.pods[number % PODS] for number in range(EVENTS)]
    told = [event(pod, "BackOff", f"Back-off restarting failed container, {at}") for at, pod in enumerate(about)]
    others = [namespace(), *nodes(), application(app), service, endpoints(service, *app.pods)]
    objects = [*others, *app.objects, *told]
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        diagnose_snapshot(Snapshot(list(objects), app.logs), Target("Deployment", NS, app.name), NOW)
        taken.append((time.process_time() - began) * 1000)
    return sorted(taken)


def main() -> None:
    prepare()
    figures = {}
    for trouble, words in (("well", "well"), ("crash", "50 crash"), ("image", "50 without image"), ("half", "25 OOM")):
        taken = measure(trouble)
        figures[f"rules, {words}, p50 ms"] = round(statistics.median(taken), 1)
        figures[f"rules, {words}, p95 ms (budget 50)"] = round(taken[int(RUNS * 0.95) - 1], 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
