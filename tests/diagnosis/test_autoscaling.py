"""Autoscalers and disruption budgets."""

from tests.diagnosis.builders import App, ago, causes, container, crashing, diagnose, node, notices, obj, said


def hpa(app: App, *, target: str = "", conditions: list | None = None, maximum: int = 5):
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": target or app.name},
        "minReplicas": 1,
        "maxReplicas": maximum,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu"}}],
    }
    return obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", app.name, spec=spec, status={"conditions": conditions or []}
    )


def told(type_: str, status: str, reason: str, message: str = "", minutes: float = 60):
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": ago(minutes=minutes),
    }


NO_REQUEST = told(
    "ScalingActive",
    "False",
    "FailedGetResourceMetric",
    "the HPA was unable to compute the replica count: failed to get cpu utilization: missing "
    "request for cpu in container api of Pod api-5d9c-a0",
)


def test_containers_without_a_request():
    app = App(containers=[container(resources={})])
    found = diagnose(app, hpa(app, conditions=[NO_REQUEST]))

    assert causes(found) == ["hpa-metrics-unavailable"]
    assert "api" in said(found)
    assert "cpu" in said(found)


def test_no_metrics_server():
    app = App()
    message = (
        "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics "
        "API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )

    assert causes(
        diagnose(app, hpa(app, conditions=[told("ScalingActive", "False", "FailedGetResourceMetric", message)]))
    ) == ["hpa-metrics-unavailable"]


def test_crashing_pods_have_no_metrics_and_that_is_a_consequence():
    app = App()
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'A_KEY'")
    found = diagnose(
        app,
        hpa(
            app,
            conditions=[
                told(
                    "ScalingActive",
                    "False",
                    "FailedGetResourceMetric",
                    "did not receive metrics for targeted pods (pods might be unready)",
                )
            ],
        ),
    )

    assert causes(found) == ["env-var-missing"]


def test_the_first_minutes_without_metrics_are_nothing():
    app = App()

    assert (
        causes(
            diagnose(
                app,
                hpa(
                    app,
                    conditions=[
                        told("ScalingActive", "False", "FailedGetResourceMetric", "did not receive metrics", minutes=1)
                    ],
                ),
            )
        )
        == []
    )


def test_a_target_that_does_not_exist():
    app = App()
    found = diagnose(
        app,
        hpa(
            app,
            target="api-v1",
            conditions=[
                told(
                    "AbleToScale",
                    "False",
                    "FailedGetScale",
                    "the HPA controller was unable to get the target's current "
                    'scale: deployments.apps "api-v1" not found',
                )
            ],
        ),
    )

    assert causes(found) == ["hpa-target-missing"]
    assert "api-v1" in said(found)


def test_at_its_maximum_is_a_notice():
    app = App()
    found = diagnose(
        app,
        hpa(
            app,
            conditions=[
                told("ScalingActive", "True", "ValidMetricFound"),
                told(
                    "ScalingLimited",
                    "True",
                    "TooManyReplicas",
                    "the desired replica count is more than the maximum replica count",
                ),
            ],
        ),
    )

    assert causes(found) == []
    assert notices(found) == ["hpa-at-max"]


def test_an_autoscaler_of_a_stopped_service_is_nothing():
    app = App(replicas=0)

    assert (
        causes(
            diagnose(
                app,
                hpa(
                    app,
                    conditions=[
                        told(
                            "ScalingActive",
                            "False",
                            "ScalingDisabled",
                            "scaling is disabled since the replica count of the target is zero",
                        )
                    ],
                ),
            )
        )
        == []
    )


def budget(app: App, *, allowed: int = 0, healthy: int = 1, expected: int = 1):
    status = {
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": expected,
        "expectedPods": expected,
        "conditions": [told("DisruptionAllowed", "False", "InsufficientPods")],
    }
    return obj(
        "policy/v1",
        "PodDisruptionBudget",
        f"{app.name}-pdb",
        spec={"minAvailable": expected, "selector": {"matchLabels": app.labels}},
        status=status,
    )


def test_a_budget_that_allows_nothing():
    app = App()
    found = diagnose(app, budget(app), node("worker-1", spec={"unschedulable": True}))

    assert causes(found) == ["pdb-blocks-eviction"]
    assert "api-pdb" in said(found)
    assert "worker-1" in said(found)


def test_a_budget_of_pods_that_are_down_is_not_the_cause():
    app = App(replicas=2)
    app.state(crashing(app.spec["containers"][0]), pods=1).log("KeyError: 'A_KEY'")

    assert causes(diagnose(app, budget(app, healthy=1, expected=2))) == ["env-var-missing"]


def test_a_budget_with_room_is_nothing():
    app = App(replicas=2)

    assert causes(diagnose(app, budget(app, allowed=1, healthy=2, expected=2))) == []
