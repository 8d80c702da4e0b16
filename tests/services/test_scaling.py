"""Scaling: a fixed number of pods or autoscaling, never both; and the size of a pod."""

from typing import Any

import pytest

from core.actor import Actor
from core.errors import Invalid
from core.parse import parse_parameters
from integrations.gitops import Edit, Gitops, Set
from operations import actions
from services.runners.changes import edits_for, subject, summary
from services.runners.parameters import ScaleServiceParameters
from tests import builders

ABOUT = {"team_name": "payments", "component_name": "payments-api"}
FIXED = {"replicaCount": 2, "resources": {"limits": {"cpu": 1, "memory": "512Mi"}}}
LOADED = {"replicaCount": 2, "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 6}}


def scale(**parameters: Any) -> ScaleServiceParameters:
    return parse_parameters(ScaleServiceParameters, {**ABOUT, **parameters})


def edits(values: dict[str, Any], **parameters: Any) -> list[Edit]:
    return edits_for(scale(**parameters), values)


@pytest.mark.parametrize(
    ("values", "parameters", "expected"),
    [
        (FIXED, {"replicas": 3}, [Set(("replicaCount",), 3)]),
        (FIXED, {"replicas": "3"}, [Set(("replicaCount",), 3)]),
        (FIXED, {"replicas": 2}, []),
        (FIXED, {"cpu_limit": "1"}, []),
        (FIXED, {"memory_limit": "1Gi"}, [Set(("resources", "limits", "memory"), "1Gi")]),
        (FIXED, {"autoscaling_enabled": False}, []),
        (
            FIXED,
            {"autoscaling_enabled": "true", "min_replicas": 2, "max_replicas": 4},
            [
                Set(("autoscaling", "enabled"), True),
                Set(("autoscaling", "minReplicas"), 2),
                Set(("autoscaling", "maxReplicas"), 4),
            ],
        ),
        (LOADED, {"max_replicas": 9}, [Set(("autoscaling", "maxReplicas"), 9)]),
        (
            LOADED,
            {"autoscaling_enabled": False, "replicas": 4, "min_replicas": 2, "max_replicas": 6},
            [Set(("replicaCount",), 4), Set(("autoscaling", "enabled"), False)],
        ),
    ],
)
def test_only_what_differs_is_changed(values: dict[str, Any], parameters: dict[str, Any], expected: list[Edit]) -> None:
    assert edits(values, **parameters) == expected


@pytest.mark.parametrize(
    ("values", "parameters", "field", "said"),
    [
        (LOADED, {"replicas": 3}, "replicas", "Autoscaling decides how many pods run, 2 to 6"),
        (FIXED, {"max_replicas": 4}, "autoscaling_enabled", "Autoscaling is off"),
        (LOADED, {"min_replicas": 8}, "max_replicas", "The maximum of 6 is below the minimum of 8"),
    ],
)
def test_what_would_have_no_effect_is_refused_by_name(
    values: dict[str, Any], parameters: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said) as refusal:
        edits(values, **parameters)
    assert refusal.value.fields[0]["field"] == field


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({"replicas": 1}, "1 pod"),
        ({"replicas": 3, "cpu_limit": "1"}, "3 pods, cpu limit 1"),
        ({"min_replicas": 2, "max_replicas": 6}, "2 to 6 pods"),
        ({"max_replicas": 6}, "at most 6 pods"),
        ({"memory_limit": "512Mi"}, "memory limit 512Mi"),
    ],
)
def test_it_says_in_words_what_it_does(parameters: dict[str, Any], size: str) -> None:
    to = ":" if "pod" not in size else " to"
    assert summary(scale(**parameters)) == f"Scale payments-api{to} {size}"
    assert subject(scale(**parameters)) == f"scale: payments/payments-api -> {size}"


@pytest.mark.django_db
def test_a_plan_shows_the_line_and_that_the_others_keep_running(repository: Gitops, dev: Actor) -> None:
    builders.the_cast()
    planned = actions.plan(dev, "scale-service", {**ABOUT, "component_name": "webhook-relay", "replicas": 3})
    assert "-replicaCount: 2\n+replicaCount: 3" in planned["diff"]
    assert planned["restarts"] == "Pods are added or removed; the others keep running."


@pytest.mark.django_db
def test_asking_for_nothing_is_refused(dev: Actor) -> None:
    builders.the_cast()
    with pytest.raises(Invalid, match="Nothing to change is given"):
        actions.plan(dev, "scale-service", ABOUT)
