"""Whatever a client sends is answered, never with a failure of the emulator itself."""

import pytest

PATCHES = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)
NOTHING = {
    "template": None,
    "selector": "x",
    "containers": [None],
    "ports": [{}],
    "limits": [{}],
    "hard": {"pods": "x"},
}
EMPTY = {"template": {"spec": {"containers": [{}], "volumes": [{}]}}, "containers": [{}], "versions": [], "names": {}}
BODIES = (
    [],
    "text",
    {},
    {"metadata": []},
    {"metadata": {"name": "odd"}},
    {"metadata": {"name": 7}},
    {"metadata": {"name": "odd", "labels": {"a": 1}, "ownerReferences": [{}]}},
    {"metadata": {"name": "odd"}, "spec": []},
    {"metadata": {"name": "odd"}, "spec": NOTHING},
    {"metadata": {"name": "odd"}, "spec": EMPTY},
    {"metadata": {"name": "odd", "managedFields": [{}]}, "status": 5},
)


def is_failure(answer):
    """The emulator's own failures have a reason; the plain 500s of the real server have none."""
    return answer.status >= 500 and answer.body.get("reason") == "InternalError"


@pytest.fixture
def places(api):
    """The path of every kind's collection."""
    roots = ["/api/v1"]
    for group in api.send("GET", "/apis").body["groups"]:
        roots += [f"/apis/{version['groupVersion']}" for version in group["versions"]]
    found = []
    for root in roots:
        for resource in api.send("GET", root).body["resources"]:
            if "/" not in resource["name"]:
                inside = f"/namespaces/{api.namespace}" if resource["namespaced"] else ""
                found.append(f"{root}{inside}/{resource['name']}")
    return found


def test_odd_bodies_are_refused_or_taken(api, places):
    failed = []
    for place in places:
        for body in BODIES:
            if is_failure(api.send("POST", place, body, dryRun="All")):
                failed.append((place, body))
    assert failed == []


@pytest.mark.parametrize("media", PATCHES)
def test_odd_patches_are_refused_or_taken(api, build, media):
    api.post("deployments", build.deployment(), group="apps/v1")
    for body in (*BODIES, [{"op": "add"}], [5], [{"op": "remove", "path": "/metadata"}], {"metadata": None}):
        for below in ("", "status", "scale"):
            answer = api.patch(
                "deployments", "web", body, media=media, group="apps/v1", below=below, fieldManager="odd", dryRun="All"
            )
            assert not is_failure(answer), (body, below)


@pytest.mark.parametrize(
    "query",
    ["limit=x", "resourceVersion=x", "watch=1&timeoutSeconds=x", "labelSelector=((", "continue=x&limit=1"],
)
def test_odd_queries_are_refused(api, query):
    assert api.send("GET", f"{api.path('pods')}?{query}").status == 400


@pytest.mark.parametrize("path", ["/api/v2", "/apis/none/v1", "/api/v1/nodes/x/pods", "/openapi/v3/none", "/none"])
def test_what_is_not_served_is_not_found(api, path):
    assert api.send("GET", path).status == 404


def test_broken_bytes_are_refused(api):
    assert api.send("POST", api.path("configmaps"), b'{"a":').status == 400
    assert api.send("POST", api.path("configmaps"), b"k8s\x00\x0a\xff").status == 400
