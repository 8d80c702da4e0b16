"""What the server fills in and what it refuses, in the words people know from real clusters."""

import pytest

APPS = "apps/v1"


def test_a_deployment_is_filled_in(api, build):
    spec = api.post("deployments", build.deployment(), group=APPS).body["spec"]

    assert (spec["replicas"], spec["progressDeadlineSeconds"], spec["revisionHistoryLimit"]) == (1, 600, 10)
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["dnsPolicy"], pod["terminationGracePeriodSeconds"]) == (
        "Always",
        "ClusterFirst",
        30,
    )
    assert pod["containers"][0]["imagePullPolicy"] == "IfNotPresent"


def test_a_pod_is_filled_in(api, build):
    limits = {"cpu": "0.5", "memory": "1024Mi"}
    made = api.post("pods", build.pod(containers=[build.container(limits=limits)])).body

    assert made["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "1Gi"},
        "requests": {"cpu": "500m", "memory": "1Gi"},
    }
    assert made["spec"]["serviceAccountName"] == "default"
    assert made["status"] == {"phase": "Pending", "qosClass": "Guaranteed"}


@pytest.mark.parametrize(
    ("image", "policy"),
    [("web", "Always"), ("web:latest", "Always"), ("r:5000/web", "Always"), ("web:1", "IfNotPresent")],
)
def test_the_pull_policy_follows_the_tag(api, build, image, policy):
    made = api.post("pods", build.pod(containers=[{"name": "main", "image": image}])).body

    assert made["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_a_selector_must_match_the_template(api, build):
    body = build.deployment(selector={"matchLabels": {"app": "other"}})

    refused = api.post("deployments", body, group=APPS)

    assert (refused.status, refused.body["reason"]) == (422, "Invalid")
    assert refused.message == (
        'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: '
        "`selector` does not match template `labels`"
    )
    assert refused.body["details"]["causes"][0]["field"] == "spec.template.metadata.labels"


def test_everything_wrong_is_said_at_once(api, build):
    pod = build.pod(containers=[{"name": "Main", "image": ""}])

    refused = api.post("pods", pod)

    assert refused.status == 422
    assert 'Pod "web" is invalid: [' in refused.message
    assert 'spec.containers[0].name: Invalid value: "Main": a lowercase RFC 1123 label must consist' in refused.message
    assert "spec.containers[0].image: Required value" in refused.message


def test_a_selector_stands_once_it_is_written(api, build):
    api.post("deployments", build.deployment(), group=APPS)
    labels = {"app": "web", "more": "1"}
    change = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}

    refused = api.patch("deployments", "web", change, group=APPS)

    assert (refused.status, "spec.selector: Invalid value" in refused.message) == (422, True)
    assert refused.message.endswith("field is immutable")


def test_a_running_pod_keeps_its_specification(api, build):
    api.post("pods", build.pod())

    refused = api.patch("pods", "web", {"spec": {"hostNetwork": True}})

    assert (refused.status, "pod updates may not change fields other than" in refused.message) == (422, True)


def test_an_unknown_field_is_refused_when_asked_to_be_strict(api, build):
    refused = api.post("deployments", build.deployment(replicaz=1), group=APPS, fieldValidation="Strict")

    assert refused.status == 400
    assert refused.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'unknown field "spec.replicaz"'
    )


def test_an_unknown_field_is_dropped_with_a_warning_otherwise(api, build):
    made = api.post("deployments", build.deployment(replicaz=1), group=APPS)

    assert made.status == 201
    assert "replicaz" not in made.body["spec"]
    assert made.headers["Warning"] == '299 - "unknown field \\"spec.replicaz\\""'


def test_a_wrong_type_cannot_be_read(api, build):
    refused = api.post("deployments", build.deployment(replicas="three"), group=APPS)

    assert (refused.status, refused.body["reason"]) == (400, "BadRequest")
    told = "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
    assert refused.message == f'Deployment in version "v1" cannot be handled as a Deployment: {told}'


def test_a_quantity_must_be_one(api, build):
    refused = api.post("pods", build.pod(containers=[build.container(limits={"cpu": "lots"})]))

    assert (refused.status, "quantities must match the regular expression" in refused.message) == (400, True)


def test_a_request_stays_below_its_limit(api, build):
    container = build.container(limits={"memory": "1Gi"}, requests={"memory": "2Gi"})

    refused = api.post("pods", build.pod(containers=[container]))

    assert "must be less than or equal to memory limit of 1Gi" in refused.message


def test_a_name_follows_the_rules(api, build):
    refused = api.post("configmaps", build.config_map("Not_A_Name"))

    assert refused.status == 422
    assert 'metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist' in refused.message


def test_a_body_of_another_kind_is_refused(api, build):
    refused = api.post("secrets", build.config_map())

    assert (refused.status, "cannot be handled as a Secret" in refused.message) == (400, True)


def test_a_body_for_another_namespace_is_refused(api, build):
    refused = api.post("configmaps", build.config_map(namespace="default"))

    assert (refused.status, "does not match the namespace sent on the request" in refused.message) == (400, True)


def test_a_mounted_volume_must_exist(api, build):
    container = build.container() | {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}

    refused = api.post("pods", build.pod(containers=[container]))

    assert 'spec.containers[0].volumeMounts[0].name: Not found: "data"' in refused.message


def test_an_ingress_path_needs_its_type(api):
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": "web.example.dev", "http": {"paths": [{"path": "/", "backend": backend}]}}
    body = {"metadata": {"name": "web"}, "spec": {"rules": [rule]}}

    refused = api.post("ingresses", body, group="networking.k8s.io/v1")

    assert (refused.status, "spec.rules[0].http.paths[0].pathType" in refused.message) == (422, True)


def test_sealed_settings_stay_as_they_are(api, build):
    api.post("configmaps", build.config_map() | {"immutable": True})

    refused = api.patch("configmaps", "settings", {"data": {"a": "2"}})

    assert (refused.status, "field is immutable when `immutable` is set" in refused.message) == (422, True)
