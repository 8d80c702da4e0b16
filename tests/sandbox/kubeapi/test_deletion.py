"""Deleting: owners take their dependents along, pods get their grace, namespaces take everything."""

import pytest


@pytest.fixture
def family(api, build):
    """An owner and two dependents."""
    owner = api.post("configmaps", build.config_map("owner")).body
    for name in ("one", "two"):
        api.post("configmaps", build.config_map(name, ownerReferences=build.owned_by(owner, blocks=True)))
    return owner


def test_dependents_follow_their_owner(api, family):
    api.delete("configmaps", "owner")

    api.eventually_gone("configmaps", "one")
    api.eventually_gone("configmaps", "two")


def test_orphaned_dependents_stay(api, family):
    api.delete("configmaps", "owner", options={"propagationPolicy": "Orphan"})

    assert api.get("configmaps", "owner").status == 404
    assert "ownerReferences" not in api.get("configmaps", "one").body["metadata"]


def test_in_the_foreground_the_owner_goes_last(api, family):
    api.patch("configmaps", "one", {"metadata": {"finalizers": ["acme.io/hold"]}})

    api.delete("configmaps", "owner", options={"propagationPolicy": "Foreground"})
    api.eventually_gone("configmaps", "two")
    owner = api.get("configmaps", "owner").body
    assert owner["metadata"]["finalizers"] == ["foregroundDeletion"]

    api.patch("configmaps", "one", {"metadata": {"finalizers": None}})
    api.eventually_gone("configmaps", "owner")


def test_a_dependent_of_nobody_is_collected(api, build):
    absent = build.config_map("never-was", uid="00000000-0000-0000-0000-000000000000")

    api.post("configmaps", build.config_map("lost", ownerReferences=build.owned_by(absent)))

    api.eventually_gone("configmaps", "lost")


def test_a_dependent_lives_as_long_as_one_owner_does(api, build):
    owners = [api.post("configmaps", build.config_map(name)).body for name in ("first", "second")]
    references = [build.owned_by(owner)[0] | {"controller": False} for owner in owners]
    api.post("configmaps", build.config_map("shared", ownerReferences=references))

    api.delete("configmaps", "first")

    stream = api.watch("configmaps", fieldSelector="metadata.name=shared")
    kept = next(event for event in stream if len(event["object"]["metadata"]["ownerReferences"]) == 1)
    stream.close()
    assert kept["object"]["metadata"]["ownerReferences"][0]["name"] == "second"


def test_a_selection_is_deleted_at_once(api, build):
    for name in ("one", "two"):
        api.post("configmaps", build.config_map(name, labels={"gone": ""}))
    api.post("configmaps", build.config_map("kept"))

    assert api.delete("configmaps", labelSelector="gone").status == 200

    assert [api.get("configmaps", name).status for name in ("one", "two", "kept")] == [404, 404, 200]


def test_a_pod_on_a_node_waits_for_its_kubelet(api, build, node):
    api.post("pods", build.pod(nodeName=node))

    marked = api.delete("pods", "web").body
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    assert api.get("pods", "web").status == 200

    api.delete("pods", "web", options={"gracePeriodSeconds": 0})
    assert api.get("pods", "web").status == 404


def test_a_pod_on_no_node_goes_at_once(api, build):
    api.post("pods", build.pod())

    api.delete("pods", "web")

    assert api.get("pods", "web").status == 404


def test_an_eviction_deletes_the_pod(api, build):
    api.post("pods", build.pod())

    done = api.send("POST", api.path("pods", "web", below="eviction"), {"metadata": {"name": "web"}})

    assert done.status == 201
    assert api.get("pods", "web").status == 404


def test_a_disruption_budget_stands_against_an_eviction(api, build):
    api.post("pods", build.pod())
    budget = {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}
    api.post("poddisruptionbudgets", budget, group="policy/v1")

    refused = api.send("POST", api.path("pods", "web", below="eviction"), {"metadata": {"name": "web"}})

    assert (refused.status, refused.body["reason"]) == (429, "TooManyRequests")
    assert refused.message == "Cannot evict pod as it would violate the pod's disruption budget."


def namespace(api):
    return api.send("GET", f"/api/v1/namespaces/{api.namespace}")


def until_gone(api):
    stream = api.watch("configmaps")
    stream.close()
    for _ in range(1000):
        if namespace(api).status == 404:
            return
    raise AssertionError("the namespace is still there")


def test_a_namespace_takes_its_content_along(api, build):
    api.post("configmaps", build.config_map())

    ending = api.send("DELETE", f"/api/v1/namespaces/{api.namespace}").body

    assert ending["status"]["phase"] == "Terminating"
    until_gone(api)
    assert api.get("configmaps").body["items"] == []


def test_an_ending_namespace_takes_nothing_new_and_says_what_holds_it(api, build):
    api.post("configmaps", build.config_map("held", finalizers=["acme.io/hold"]))
    api.send("DELETE", f"/api/v1/namespaces/{api.namespace}")

    refused = api.post("configmaps", build.config_map("late"))
    assert (refused.status, refused.body["reason"]) == (403, "Forbidden")
    why = f"unable to create new content in namespace {api.namespace} because it is being terminated"
    assert refused.message == f'configmaps "late" is forbidden: {why}'
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"

    conditions = {one["type"]: one for one in namespace(api).body["status"]["conditions"]}
    held = conditions["NamespaceFinalizersRemaining"]["message"]
    assert held == "Some content in the namespace has finalizers remaining: acme.io/hold in 1 resource instances"

    api.patch("configmaps", "held", {"metadata": {"finalizers": None}})
    until_gone(api)
