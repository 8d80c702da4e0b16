"""Remedies: what mends a cause is offered with its parameters filled in. Every test says that all of them are valid."""

import pytest

from tests.diagnosis.builders import App, container, crashing, diagnose, event, http_probe, running, waiting


def offered(app: App, *others) -> list[tuple[str, dict]]:
    return [(one.operation, dict(one.params)) for one in diagnose(app, *others).findings[0].remedies if one.operation]


@pytest.mark.parametrize(
    ("log", "params"),
    [
        ("KeyError: 'API_KEY'", {"action": "update-config", "env_vars": "API_KEY="}),
        ('could not translate host name "orders-pg" to address', {}),
    ],
)
def test_a_variable_that_mends_it_is_filled_in(log: str, params: dict):
    app = App()
    app.state(crashing(app.spec["containers"][0])).log(log)
    filled = [given for name, given in offered(app) if name == "deploy-service"]

    assert filled == ([{"team_name": "labs", "component_name": "api", **params}] if params else [])


def test_a_tag_that_ran_before_is_offered_for_one_that_does_not_exist():
    app = App()
    app.replica_sets.append(app._replica_set("old", "0", 0))
    app.replica_sets[-1]["spec"]["template"]["spec"]["containers"][0]["image"] = "ghcr.io/acme/api:1.3.0"
    app.state(waiting(app.spec["containers"][0], "ErrImagePull", "ghcr.io/acme/api:1.4.0: not found"))

    assert ("deploy-service", {"team_name": "labs", "action": "deploy", "component_name": "api",
                               "image_tag": "1.3.0"}) in offered(app)  # fmt: skip


def test_a_wrong_health_check_path_is_a_change_of_settings():
    app = App(containers=[container(readinessProbe=http_probe("/nope"))])
    app.state(running(app.spec["containers"][0], "2026-08-20T09:00:00Z", ready=False))
    failed = event(app.pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")

    assert offered(app, failed)[0][1]["action"] == "update-config"


def test_a_name_the_platform_would_refuse_is_offered_in_words_only():
    app = App("Legacy.API_thing")
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'API_KEY'")

    assert offered(app) == []
    assert diagnose(app).findings[0].remedies[0].label == "Set API_KEY"
