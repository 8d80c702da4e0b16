"""The three patches: each by its own rules, none writing over what somebody else changed meanwhile."""

import pytest

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPS = "apps/v1"


@pytest.fixture
def deployed(api, build):
    variables = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    container = build.container() | {"env": variables}
    body = build.deployment()
    body["spec"]["template"]["spec"]["containers"] = [container]
    assert api.post("deployments", body, group=APPS).status == 201
    return api


def template_patch(**container):
    return {"spec": {"template": {"spec": {"containers": [{"name": "main", **container}]}}}}


def first_container(answer):
    return answer.body["spec"]["template"]["spec"]["containers"][0]


def test_merge_patch_deletes_with_null(api, build):
    api.post("configmaps", build.config_map(data={"a": "1", "b": "2"}))

    assert api.patch("configmaps", "settings", {"data": {"a": None, "c": "3"}}).body["data"] == {"b": "2", "c": "3"}


def test_json_patch_applies_whole_or_not_at_all(api, build):
    api.post("configmaps", build.config_map())
    change = {"op": "replace", "path": "/data/a", "value": "x"}

    refused = api.patch("configmaps", "settings", [{"op": "test", "path": "/data/a", "value": "9"}, change], media=JSON)
    applied = api.patch("configmaps", "settings", [change], media=JSON)

    assert refused.status == 422
    assert applied.body["data"] == {"a": "x"}


def test_json_patch_to_an_absent_path_is_refused(api, build):
    api.post("configmaps", build.config_map())

    refused = api.patch("configmaps", "settings", [{"op": "remove", "path": "/spec/x"}], media=JSON)

    assert (refused.status, refused.body["reason"]) == (422, "Invalid")


def test_strategic_patch_merges_lists_by_their_key(deployed):
    change = template_patch(env=[{"name": "B", "value": "3"}, {"name": "C", "value": "4"}])

    container = first_container(deployed.patch("deployments", "web", change, media=STRATEGIC, group=APPS))

    assert container["image"] == "ghcr.io/acme/web:1.0"
    assert {one["name"]: one["value"] for one in container["env"]} == {"A": "1", "B": "3", "C": "4"}


def test_strategic_patch_deletes_a_list_entry_by_its_key(deployed):
    change = template_patch(env=[{"name": "A", "$patch": "delete"}])

    container = first_container(deployed.patch("deployments", "web", change, media=STRATEGIC, group=APPS))

    assert [one["name"] for one in container["env"]] == ["B"]


def test_strategic_patch_replaces_a_list_when_told_to(deployed):
    change = template_patch(env=[{"name": "Z", "value": "9"}, {"$patch": "replace"}])

    container = first_container(deployed.patch("deployments", "web", change, media=STRATEGIC, group=APPS))

    assert container["env"] == [{"name": "Z", "value": "9"}]


def test_strategic_patch_obeys_the_order_it_is_given(deployed):
    change = template_patch(
        **{"env": [{"name": "C", "value": "4"}], "$setElementOrder/env": [{"name": "C"}, {"name": "B"}, {"name": "A"}]}
    )

    container = first_container(deployed.patch("deployments", "web", change, media=STRATEGIC, group=APPS))

    assert [one["name"] for one in container["env"]] == ["C", "B", "A"]


def test_strategic_patch_keeps_only_what_it_retains(deployed):
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}

    strategy = deployed.patch("deployments", "web", change, media=STRATEGIC, group=APPS).body["spec"]["strategy"]

    assert strategy == {"type": "Recreate"}


def test_a_list_entry_without_its_key_is_refused(deployed):
    change = template_patch(env=[{"value": "nameless"}])

    refused = deployed.patch("deployments", "web", change, media=STRATEGIC, group=APPS)

    assert refused.message == "map: map[value:nameless] does not contain declared merge key: name"


def test_conditions_merge_by_type(deployed):
    one = {"type": "Available", "status": "True"}
    other = {"type": "Progressing", "status": "True"}
    for condition in (one, other):
        change = {"status": {"conditions": [condition]}}
        deployed.patch("deployments", "web", change, media=STRATEGIC, group=APPS, below="status")

    conditions = deployed.get("deployments", "web", group=APPS).body["status"]["conditions"]
    assert [condition["type"] for condition in conditions] == ["Available", "Progressing"]


def test_custom_kinds_know_no_strategic_patch(api):
    api.post("certificates", certificate(), group="cert-manager.io/v1")

    refused = api.patch("certificates", "web", {}, media=STRATEGIC, group="cert-manager.io/v1")

    assert (refused.status, refused.body["reason"]) == (415, "UnsupportedMediaType")


def test_a_patch_may_insist_on_a_version(api, build):
    api.post("configmaps", build.config_map())

    refused = api.patch("configmaps", "settings", {"metadata": {"resourceVersion": "1"}, "data": {"a": "z"}})

    assert (refused.status, refused.body["reason"]) == (409, "Conflict")


def test_a_patch_cannot_rename(api, build):
    api.post("configmaps", build.config_map())

    refused = api.patch("configmaps", "settings", {"metadata": {"name": "other"}})

    assert (refused.status, "does not match the name on the URL" in refused.message) == (400, True)


def certificate():
    spec = {"secretName": "web-tls", "issuerRef": {"name": "acme"}, "dnsNames": ["web.example.dev"]}
    return {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web"}, "spec": spec}
