"""Probes: wrong port, wrong path, wrong address, too early, really unwell, and failures that have passed."""

# ruff: noqa: E501 - messages stand as the systems write them

import pytest

from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    container,
    crashing,
    diagnose,
    event,
    http_probe,
    notices,
    running,
    said,
    terminated,
)

REFUSED = 'Readiness probe failed: Get "http://10.42.0.10:{port}/readyz": dial tcp 10.42.0.10:{port}: connect: connection refused'


def not_ready(app: App, message: str, *, minutes: float = 20, **more) -> list:
    app.state(running(app.spec["containers"][0], ago(minutes=minutes), ready=False))
    return [event(app.pod, "Unhealthy", message, container="api", count=60, **more)]


def killed(app: App, message: str, *, probe: str = "liveness", code: int = 137, log: str = "") -> list:
    app.state(crashing(app.spec["containers"][0], code, lived_s=40)).log(log)
    return [
        event(app.pod, "Unhealthy", message, container="api", minutes=2),
        event(
            app.pod,
            "Killing",
            f"Container api failed {probe} probe, will be restarted",
            minutes=2,
            container="api",
            kind="Normal",
        ),
    ]


def test_a_404_is_a_wrong_path():
    app = App()
    found = diagnose(app, *not_ready(app, "Readiness probe failed: HTTP probe failed with statuscode: 404"))

    assert causes(found) == ["probe-wrong-path"]
    assert "/readyz" in said(found)


def test_a_503_is_a_failing_readiness():
    app = App()

    assert causes(diagnose(app, *not_ready(app, "Readiness probe failed: HTTP probe failed with statuscode: 503"))) == [
        "readiness-probe-failing"
    ]


def test_an_exec_probe_that_fails():
    app = App(containers=[container(readinessProbe={"exec": {"command": ["cat", "/tmp/healthy"]}, "periodSeconds": 5})])
    found = diagnose(
        app, *not_ready(app, "Readiness probe failed: cat: can't open '/tmp/healthy': No such file or directory")
    )

    assert causes(found) == ["readiness-probe-failing"]
    assert "/tmp/healthy" in said(found)


def test_a_probe_on_a_port_the_container_does_not_declare():
    app = App(containers=[container(readinessProbe=http_probe(port=9090))])

    assert causes(diagnose(app, *not_ready(app, REFUSED.format(port=9090)))) == ["probe-wrong-port"]


def test_a_program_that_listens_elsewhere():
    app = App()
    app.log("INFO: Uvicorn running on http://0.0.0.0:5000 (Press CTRL+C to quit)")
    found = diagnose(app, *not_ready(app, REFUSED.format(port=8080)))

    assert causes(found) == ["app-listens-on-other-port"]
    assert "5000" in said(found)
    assert "8080" in said(found)


def test_a_program_that_listens_on_localhost():
    app = App()
    app.log(" * Running on http://127.0.0.1:8080\nPress CTRL+C to quit")
    found = diagnose(app, *not_ready(app, REFUSED.format(port=8080)))

    assert causes(found) == ["app-listens-on-localhost"]
    assert "127.0.0.1" in said(found)


def test_refused_without_a_word_in_the_log_is_only_suspected():
    app = App()
    found = diagnose(app, *not_ready(app, REFUSED.format(port=8080)))

    assert causes(found) == ["readiness-probe-failing"]
    assert found.findings[0].verdict == "suspected"


def test_a_liveness_timeout_kills():
    app = App(containers=[container(livenessProbe=http_probe("/healthz"))])
    events = killed(
        app,
        'Liveness probe failed: Get "http://10.42.0.10:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        log="listening on :8080",
    )

    assert causes(diagnose(app, *events)) == ["liveness-probe-failing"]


def test_a_startup_probe_that_gives_too_little_time():
    app = App(containers=[container(startupProbe=http_probe("/healthz", periodSeconds=5, failureThreshold=6))])
    events = killed(
        app,
        'Startup probe failed: Get "http://10.42.0.10:8080/healthz": dial tcp 10.42.0.10:8080: connect: connection refused',
        probe="startup",
        log="Loading model weights, this takes about 90 s\nloaded 30%",
    )
    found = diagnose(app, *events)

    assert causes(found) == ["startup-too-slow"]
    assert "30 s" in said(found)


def test_liveness_before_the_program_is_up():
    app = App(containers=[container(livenessProbe=http_probe("/healthz", initialDelaySeconds=5, periodSeconds=5))])
    events = killed(
        app,
        'Liveness probe failed: Get "http://10.42.0.10:8080/healthz": dial tcp 10.42.0.10:8080: connect: connection refused',
        code=143,
        log="Starting application, warming caches",
    )

    assert causes(diagnose(app, *events)) == ["startup-too-slow"]


def test_a_killed_container_with_a_404_asks_the_wrong_path():
    app = App(containers=[container(livenessProbe=http_probe("/health"), readinessProbe=http_probe("/ready"))])

    assert causes(
        diagnose(
            app,
            *killed(
                app, "Liveness probe failed: HTTP probe failed with statuscode: 404", code=0, log="listening on 8080"
            ),
        )
    ) == ["probe-wrong-path"]


def test_kills_whose_events_the_kubelet_no_longer_sends_stay_those_of_the_probe():
    """After about 25 repetitions its spam filter drops them, while the restarts go on."""
    app = App(containers=[container(livenessProbe=http_probe("/healthz"))])
    app.state(crashing(app.spec["containers"][0], 143, lived_s=40)).log("INFO listening on http://0.0.0.0:8081")
    refused = REFUSED.format(port=8080).replace("Readiness", "Liveness")
    unhealthy = event(app.pod, "Unhealthy", refused, container="api", minutes=20, count=25)
    killing = event(
        app.pod,
        "Killing",
        "Container api failed liveness probe, will be restarted",
        minutes=20,
        container="api",
        kind="Normal",
    )
    found = diagnose(app, unhealthy, killing)

    assert causes(found) == ["app-listens-on-other-port"]
    assert "8081" in said(found)


def test_a_pod_that_is_starting_is_a_rollout():
    app = App(made=ago(seconds=40))
    events = not_ready(app, REFUSED.format(port=8080), minutes=0.5)
    found = diagnose(app, *events)

    assert causes(found) == []
    assert notices(found) == ["rollout-in-progress"]


def test_failures_of_a_pod_that_is_ready_now_are_nothing():
    app = App()
    past = event(app.pod, "Unhealthy", REFUSED.format(port=8080), minutes=30, container="api")

    assert causes(diagnose(app, past)) == []


def test_a_ready_container_killed_by_liveness_again_and_again():
    app = App(containers=[container(livenessProbe=http_probe("/healthz"))])
    app.state(
        running(app.spec["containers"][0], ago(minutes=2), restarts=7, last=terminated(137, minutes=2, lived_s=300)),
        ready=True,
    )
    events = [
        event(
            app.pod,
            "Unhealthy",
            'Liveness probe failed: Get "http://10.42.0.10:8080/healthz": context deadline exceeded',
            minutes=2,
            container="api",
        ),
        event(
            app.pod,
            "Killing",
            "Container api failed liveness probe, will be restarted",
            minutes=2,
            container="api",
            kind="Normal",
        ),
    ]

    assert causes(diagnose(app, *events)) == ["liveness-probe-failing"]


SLOW = ["back-off after the kill", "running again, nothing said yet", "just killed, with exit code 0"]


@pytest.mark.parametrize("moment", SLOW)
def test_a_slow_start_is_told_in_the_same_words_at_every_moment_of_its_loop(moment: str):
    app = App(containers=[container(livenessProbe=http_probe("/healthz"), readinessProbe=http_probe())])
    spec, words = app.spec["containers"][0], "loading the rules, 30%"
    life = terminated(0 if "exit code 0" in moment else 137, minutes=1, lived_s=40)
    again = running(spec, ago(seconds=8), ready=False, restarts=3) | {"lastState": {"terminated": life}}
    over = again | {"state": {"terminated": life}, "lastState": {}}
    states = [crashing(spec, 137, minutes=1, lived_s=40, restarts=3), again, over]
    app.state(states[SLOW.index(moment)]).log("" if moment == SLOW[1] else words, previous=words)
    liveness = REFUSED.replace("Readiness", "Liveness").replace("readyz", "healthz").format(port=8080)
    killing = "Container api failed liveness probe, will be restarted"
    found = diagnose(
        app,
        event(app.pod, "Unhealthy", liveness, container="api", minutes=1),
        event(app.pod, "Unhealthy", REFUSED.format(port=8080), container="api", minutes=1),
        event(app.pod, "Killing", killing, container="api", minutes=1, kind="Normal"),
    )

    assert causes(found) == ["startup-too-slow"]
    assert found.findings[0].title == "The program needs longer to start than its liveness probe allows, 30 s at most"
    assert found.findings[0].remedies[0].params["startup_time_s"] == 300
