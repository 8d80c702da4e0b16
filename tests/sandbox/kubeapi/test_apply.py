"""Server-side apply: fields have owners, and taking one from another manager is said aloud."""

APPS = "apps/v1"


def managers(obj):
    return {(one["manager"], one["operation"]): one["fieldsV1"] for one in obj["metadata"]["managedFields"]}


def test_applying_creates_what_is_not_there(api, build):
    made = api.apply("configmaps", "settings", build.config_map(), manager="deployer")

    assert made.status == 201
    fields = managers(made.body)["deployer", "Apply"]
    assert fields == {"f:data": {"f:a": {}}}


def test_a_manager_names_itself(api, build):
    media = "application/apply-patch+yaml"
    refused = api.patch("configmaps", "settings", build.config_map(), media=media)

    assert (refused.status, "fieldManager: Required value" in refused.message) == (422, True)


def test_another_managers_value_is_a_conflict(api, build):
    api.apply("configmaps", "settings", build.config_map(data={"a": "1"}), manager="one")

    refused = api.apply("configmaps", "settings", build.config_map(data={"a": "2"}), manager="two")

    assert (refused.status, refused.body["reason"]) == (409, "Conflict")
    assert refused.message == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    assert refused.body["details"]["causes"][0]["field"] == ".data.a"


def test_force_takes_the_field(api, build):
    api.apply("configmaps", "settings", build.config_map(data={"a": "1", "b": "1"}), manager="one")

    taken = api.apply("configmaps", "settings", build.config_map(data={"a": "2"}), manager="two", force="true").body

    assert taken["data"] == {"a": "2", "b": "1"}
    assert managers(taken)["one", "Apply"] == {"f:data": {"f:b": {}}}


def test_the_same_value_is_shared(api, build):
    api.apply("configmaps", "settings", build.config_map(), manager="one")

    shared = api.apply("configmaps", "settings", build.config_map(), manager="two")

    assert shared.status == 200
    assert managers(shared.body)["one", "Apply"] == managers(shared.body)["two", "Apply"]


def test_what_is_no_longer_declared_goes(api, build):
    api.apply("configmaps", "settings", build.config_map(data={"a": "1", "b": "1"}), manager="one")

    assert api.apply("configmaps", "settings", build.config_map(), manager="one").body["data"] == {"a": "1"}


def test_what_others_hold_stays_when_it_is_no_longer_declared(api, build):
    api.apply("configmaps", "settings", build.config_map(data={"a": "1", "b": "1"}), manager="one")
    api.apply("configmaps", "settings", build.config_map(data={"b": "1"}), manager="two")

    assert api.apply("configmaps", "settings", build.config_map(), manager="one").body["data"] == {"a": "1", "b": "1"}


def test_applying_the_same_again_changes_nothing(api, build):
    first = api.apply("deployments", "web", build.deployment(), manager="one", group=APPS).body

    second = api.apply("deployments", "web", build.deployment(), manager="one", group=APPS).body

    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_list_entries_are_owned_by_their_keys(api, build):
    api.apply("deployments", "web", build.deployment(), manager="one", group=APPS)
    sidecar = {"name": "sidecar", "image": "ghcr.io/acme/sidecar:1"}
    mine = {"apiVersion": APPS, "kind": "Deployment", "metadata": {"name": "web"}}
    mine["spec"] = {"template": {"spec": {"containers": [sidecar]}}}

    both = api.apply("deployments", "web", mine, manager="two", group=APPS).body
    assert [one["name"] for one in both["spec"]["template"]["spec"]["containers"]] == ["main", "sidecar"]
    owned = managers(both)["two", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert owned == {'k:{"name":"sidecar"}': {".": {}, "f:image": {}, "f:name": {}}}

    mine["spec"] = {}
    alone = api.apply("deployments", "web", mine, manager="two", group=APPS).body
    assert [one["name"] for one in alone["spec"]["template"]["spec"]["containers"]] == ["main"]


def test_a_plain_write_owns_what_it_changed(api, build):
    api.apply("deployments", "web", build.deployment(replicas=2), manager="deployer", group=APPS)
    api.patch("deployments", "web", {"spec": {"replicas": 5}}, group=APPS, fieldManager="autoscaler")

    refused = api.apply("deployments", "web", build.deployment(replicas=2), manager="deployer", group=APPS)

    assert refused.status == 409
    assert refused.message.startswith('Apply failed with 1 conflict: conflict with "autoscaler" using apps/v1')


def test_status_is_owned_apart(api, build):
    api.post("deployments", build.deployment(), group=APPS, fieldManager="deployer")

    change = {"status": {"replicas": 1}}
    written = api.patch("deployments", "web", change, group=APPS, below="status", fieldManager="controller").body

    entry = next(one for one in written["metadata"]["managedFields"] if one["manager"] == "controller")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})
