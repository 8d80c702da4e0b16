"""Lists: selection, pages, and the forms kubectl asks for."""

import pytest

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"


def names(answer):
    return [item["metadata"]["name"] for item in answer.body["items"]]


@pytest.fixture
def labelled(api, build):
    for name, labels in (("one", {"tier": "a", "blue": ""}), ("two", {"tier": "b"}), ("three", {"tier": "a"})):
        api.post("configmaps", build.config_map(name, labels=labels))
    return api


def test_a_list_names_its_kind_and_version(labelled):
    found = labelled.get("configmaps").body

    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert found["metadata"]["resourceVersion"].isdigit()


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("tier=a", ["one", "three"]),
        ("tier==a,!blue", ["three"]),
        ("tier in (b, c)", ["two"]),
        ("tier notin (a),tier", ["two"]),
        ("tier!=a,tier", ["two"]),
        ("blue", ["one"]),
    ],
)
def test_labels_select(labelled, selector, expected):
    assert names(labelled.get("configmaps", labelSelector=selector)) == expected


def test_text_that_is_no_selector_is_refused(labelled):
    assert labelled.get("configmaps", labelSelector="a=(b").status == 400


def test_fields_select(labelled):
    assert names(labelled.get("configmaps", fieldSelector="metadata.name=two")) == ["two"]
    refused = labelled.get("configmaps", fieldSelector="data.a=1")
    assert (refused.status, refused.body["reason"]) == (400, "BadRequest")


def test_pods_are_selected_by_node_and_phase(api, build):
    api.post("pods", build.pod("placed", nodeName="worker-1"))
    api.post("pods", build.pod("waiting"))

    assert names(api.get("pods", fieldSelector="spec.nodeName=worker-1")) == ["placed"]
    assert names(api.get("pods", fieldSelector="spec.nodeName=,status.phase=Pending")) == ["waiting"]
    assert names(api.get("pods", fieldSelector="status.phase!=Pending")) == []


def test_a_list_is_read_in_pages(api, build):
    for number in range(7):
        api.post("configmaps", build.config_map(f"page-{number}", labels={"paged": ""}))

    first = api.get("configmaps", labelSelector="paged", limit=3)
    second = api.get("configmaps", labelSelector="paged", limit=3, **{"continue": first.body["metadata"]["continue"]})
    third = api.get("configmaps", labelSelector="paged", limit=3, **{"continue": second.body["metadata"]["continue"]})

    assert names(first) + names(second) + names(third) == [f"page-{number}" for number in range(7)]
    assert "continue" not in third.body["metadata"]
    assert first.body["metadata"]["resourceVersion"] == third.body["metadata"]["resourceVersion"]


def test_a_page_says_how_much_is_left(api, build):
    for number in range(4):
        api.post("secrets", {"metadata": {"name": f"s{number}"}})

    assert api.get("secrets", limit=1).body["metadata"]["remainingItemCount"] == 3


def test_a_broken_page_token_is_refused(api):
    assert api.get("configmaps", limit=1, **{"continue": "bm90aGluZw"}).status == 400


def test_a_table_has_the_columns_kubectl_shows(api, build):
    api.post("deployments", build.deployment(replicas=3), group="apps/v1")
    api.headers["Accept"] = TABLE

    found = api.get("deployments", group="apps/v1").body

    assert found["kind"] == "Table"
    shown = [column["name"] for column in found["columnDefinitions"] if not column["priority"]]
    assert shown == ["Name", "Ready", "Up-to-date", "Available", "Age"]
    assert found["rows"][0]["cells"][:2] == ["web", "0/3"]
    assert found["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_a_pod_in_a_table_shows_why_it_waits(api, build):
    api.post("pods", build.pod())
    waiting = {"name": "main", "ready": False, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    api.patch("pods", "web", {"status": {"phase": "Running", "containerStatuses": [waiting]}}, below="status")
    api.headers["Accept"] = TABLE

    assert api.get("pods").body["rows"][0]["cells"][:4] == ["web", "0/1", "CrashLoopBackOff", "4"]


def test_metadata_can_be_asked_for_alone(labelled):
    labelled.headers["Accept"] = METADATA

    found = labelled.get("configmaps").body

    assert found["kind"] == "PartialObjectMetadataList"
    assert all("data" not in item for item in found["items"])
