"""One object from its creation to its end: what the server fills in, refuses and counts."""

APPS = "apps/v1"


def test_a_new_object_gets_an_identity(api, build):
    made = api.post("configmaps", build.config_map())

    assert made.status == 201
    metadata = made.body["metadata"]
    assert metadata["uid"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert int(metadata["resourceVersion"]) > 1
    assert metadata["namespace"] == api.namespace


def test_a_name_is_taken_once(api, build):
    api.post("configmaps", build.config_map("once"))

    again = api.post("configmaps", build.config_map("once"))

    assert (again.status, again.body["reason"]) == (409, "AlreadyExists")
    assert again.message == 'configmaps "once" already exists'


def test_what_is_not_there_is_not_found(api):
    absent = api.get("deployments", "nope", group=APPS)

    assert (absent.status, absent.body["reason"]) == (404, "NotFound")
    assert absent.message == 'deployments.apps "nope" not found'
    assert absent.body["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}


def test_a_generated_name_begins_with_its_prefix(api):
    made = api.post("configmaps", {"metadata": {"generateName": "run-"}})

    assert made.body["metadata"]["name"].startswith("run-")
    assert len(made.body["metadata"]["name"]) == len("run-") + 5


def test_an_object_needs_a_namespace_that_exists(api, build):
    api.namespace = "nowhere"

    refused = api.post("configmaps", build.config_map())

    assert (refused.status, refused.message) == (404, 'namespaces "nowhere" not found')


def test_replacing_with_an_old_version_conflicts(api, build):
    first = api.post("configmaps", build.config_map()).body
    api.patch("configmaps", "settings", {"data": {"a": "2"}})

    refused = api.put("configmaps", "settings", first | {"data": {"a": "3"}})

    assert (refused.status, refused.body["reason"]) == (409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version" in refused.message
    assert api.get("configmaps", "settings").body["data"] == {"a": "2"}


def test_replacing_drops_what_is_left_out(api, build):
    api.post("configmaps", build.config_map(data={"a": "1", "b": "2"}))

    replaced = api.put("configmaps", "settings", build.config_map(data={"b": "2"}))

    assert replaced.body["data"] == {"b": "2"}


def test_a_write_that_changes_nothing_keeps_the_version(api, build):
    before = api.post("configmaps", build.config_map()).body["metadata"]["resourceVersion"]

    after = api.patch("configmaps", "settings", {"data": {"a": "1"}}).body["metadata"]["resourceVersion"]

    assert after == before


def test_generation_counts_changes_of_the_spec_only(api, build):
    api.post("deployments", build.deployment(), group=APPS)

    def generation(change, below=""):
        api.patch("deployments", "web", change, group=APPS, below=below)
        return api.get("deployments", "web", group=APPS).body["metadata"]["generation"]

    assert generation({"metadata": {"labels": {"x": "1"}}}) == 1
    assert generation({"status": {"replicas": 1}}, "status") == 1
    assert generation({"spec": {"replicas": 3}}) == 2


def test_status_is_written_through_its_own_path_only(api, build):
    api.post("pods", build.pod() | {"status": {"phase": "Failed"}})
    assert api.get("pods", "web").body["status"]["phase"] == "Pending"

    api.patch("pods", "web", {"status": {"phase": "Running"}, "metadata": {"labels": {"x": "1"}}}, below="status")
    api.patch("pods", "web", {"status": {"phase": "Failed"}})

    pod = api.get("pods", "web").body
    assert pod["status"]["phase"] == "Running"
    assert "x" not in pod["metadata"]["labels"]


def test_a_dry_run_answers_but_stores_nothing(api, build):
    dry = api.post("configmaps", build.config_map("dry"), dryRun="All")

    assert dry.status == 201
    assert api.get("configmaps", "dry").status == 404


def test_a_finalizer_holds_the_object_until_it_is_removed(api, build):
    api.post("configmaps", build.config_map("held", finalizers=["acme.io/hold"]))

    api.delete("configmaps", "held")
    assert api.get("configmaps", "held").body["metadata"]["deletionTimestamp"]
    added = api.patch("configmaps", "held", {"metadata": {"finalizers": ["acme.io/hold", "acme.io/more"]}})
    assert added.status == 422
    assert "no new finalizers can be added if the object is being deleted" in added.message

    api.patch("configmaps", "held", {"metadata": {"finalizers": None}})
    assert api.get("configmaps", "held").status == 404


def test_deleting_may_insist_on_one_identity(api, build):
    api.post("configmaps", build.config_map())

    refused = api.delete("configmaps", "settings", options={"preconditions": {"uid": "another"}})

    assert refused.status == 409
    assert "the UID in the precondition (another) does not match the UID in record (" in refused.message


def test_the_scale_of_a_deployment_is_read_and_written(api, build):
    api.post("deployments", build.deployment(replicas=2), group=APPS)

    scale = api.get("deployments", "web", group=APPS, below="scale").body
    assert (scale["kind"], scale["spec"]["replicas"], scale["status"]["selector"]) == ("Scale", 2, "app=web")

    api.put("deployments", "web", scale | {"spec": {"replicas": 5}}, group=APPS, below="scale")
    assert api.get("deployments", "web", group=APPS).body["spec"]["replicas"] == 5
    stale = api.put("deployments", "web", scale, group=APPS, below="scale")
    assert stale.status == 409


def test_a_service_gets_an_address_that_stays(api):
    body = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    made = api.post("services", body).body

    assert made["spec"]["clusterIP"].startswith("10.96.")
    assert made["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    replaced = api.put("services", "web", body).body
    assert replaced["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    moved = api.patch("services", "web", {"spec": {"clusterIP": "10.96.9.9"}})
    assert (moved.status, "may not change once set" in moved.message) == (422, True)


def test_a_node_port_is_given_to_one_service(api):
    ports = [{"port": 80, "nodePort": 31234}]
    api.post("services", {"metadata": {"name": "one"}, "spec": {"type": "NodePort", "ports": ports}})

    refused = api.post("services", {"metadata": {"name": "two"}, "spec": {"type": "NodePort", "ports": ports}})

    assert refused.status == 422
    told = "spec.ports[0].nodePort: Invalid value: 31234: provided port is already allocated"
    assert refused.message == f'Service "two" is invalid: {told}'


def test_a_secret_written_as_text_is_stored_encoded(api):
    made = api.post("secrets", {"metadata": {"name": "key"}, "stringData": {"a": "b"}}).body

    assert (made["type"], made["data"]) == ("Opaque", {"a": "Yg=="})
    assert "stringData" not in made
