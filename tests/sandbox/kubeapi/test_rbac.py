"""Roles as the real server judges them. Every case runs on the emulator and, where there is one, on a real server."""

import pytest

from tests.real_cluster import needs_assets
from tests.sandbox.kubeapi.api import Api, api_of, until
from tests.sandbox.kubeapi.test_people import may, robot

RBAC = "rbac.authorization.k8s.io/v1"
# An object of the namespace, and a resource that no server has.
MAPS = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["one"], "verbs": ["get", "list", "watch"]}]
LISTS = [{"apiGroups": ["", "nothing.example"], "resources": ["pods", "things"], "verbs": ["list"]}]
LOGS = [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]


@pytest.fixture(params=["kube_folder", pytest.param("real_kubeconfig", marks=[pytest.mark.real_cluster, needs_assets])])
def admin(request):
    server = request.getfixturevalue(request.param)
    api = api_of(server / "kubeconfig" if server.is_dir() else server)
    made = api.send("POST", "/api/v1/namespaces", {"metadata": {"generateName": "rbac-"}})
    api.namespace = made.body["metadata"]["name"]
    return api


def robot_with(admin: Api, rules: list) -> Api:
    """A service account with these rules in its namespace."""
    worker = robot(admin)
    assert admin.post("roles", {"metadata": {"name": "some"}, "rules": rules}, group=RBAC).status == 201
    binding = {
        "metadata": {"name": "some"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": admin.namespace}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "some"},
    }
    assert admin.post("rolebindings", binding, group=RBAC).status == 201
    rule = rules[0]
    resource, _, subresource = rule["resources"][0].partition("/")
    more = {"subresource": subresource, "name": rule.get("resourceNames", [""])[0]}
    until(lambda: may(worker, rule["verbs"][0], resource, **more))
    return worker


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 403),
        ({"fieldSelector": "metadata.name=one"}, 200),
        ({"fieldSelector": "metadata.name=two"}, 403),
        ({"fieldSelector": "metadata.name!=one"}, 403),
        ({"fieldSelector": "metadata.name=one", "watch": "1", "timeoutSeconds": "1"}, 200),
        ({"watch": "1", "timeoutSeconds": "1"}, 403),
    ],
)
def test_a_rule_for_names_covers_a_list_that_asks_for_one_of_them(admin, query, status):
    assert robot_with(admin, MAPS).get("configmaps", **query).status == status


@pytest.mark.parametrize(("name", "status"), [("one", 404), ("two", 403)])
def test_a_rule_for_names_covers_those_names(admin, name, status):
    assert robot_with(admin, MAPS).get("configmaps", name).status == status


def test_an_object_is_read_by_its_name_and_watched_by_the_old_spelling_alone(admin):
    admin.post("configmaps", {"metadata": {"name": "one"}})
    worker = robot_with(admin, [MAPS[0] | {"verbs": ["get"]}])

    read = worker.get("configmaps", "one", watch="1", timeoutSeconds="1")
    watched = worker.send("GET", f"/api/v1/watch/namespaces/{admin.namespace}/configmaps/one", timeoutSeconds="1")

    assert (read.status, read.body["kind"]) == (200, "ConfigMap")
    assert (watched.status, 'cannot watch resource "configmaps"' in watched.message) == (403, True)


def test_watching_is_a_right_of_its_own(admin):
    worker = robot_with(admin, LISTS)

    refused = worker.get("pods", watch="1", timeoutSeconds="1")

    assert worker.get("pods").status == 200
    assert refused.status == 403
    why = f'cannot watch resource "pods" in API group "" in the namespace "{admin.namespace}"'
    assert refused.message == f'pods is forbidden: User "system:serviceaccount:{admin.namespace}:robot" {why}'


def test_a_role_of_a_namespace_does_not_cover_all_namespaces(admin):
    refused = robot_with(admin, LISTS).send("GET", "/api/v1/pods")

    assert refused.status == 403
    assert refused.message.endswith('cannot list resource "pods" in API group "" at the cluster scope')


def test_logs_are_a_right_of_their_own(admin):
    worker = robot_with(admin, LOGS)

    assert worker.get("pods", "web").status == 403
    assert worker.get("pods", "web", below="log").status == 404


def test_a_kind_that_is_not_installed_is_refused_before_it_is_missing(admin):
    worker = robot_with(admin, LISTS)

    refused = worker.get("others", group="nothing.example/v1")

    assert worker.get("things", group="nothing.example/v1").status == 404
    assert refused.status == 403
    why = f'cannot list resource "others" in API group "nothing.example" in the namespace "{admin.namespace}"'
    who = f"system:serviceaccount:{admin.namespace}:robot"
    assert refused.message == f'others.nothing.example is forbidden: User "{who}" {why}'


def test_documents_are_open_to_everybody_and_other_paths_are_not(admin):
    worker = robot(admin)

    assert [worker.send("GET", path).status for path in ("/version", "/api", "/apis", "/readyz")] == [200] * 4
    refused = worker.send("GET", "/metrics")
    assert refused.status == 403
    who = f"system:serviceaccount:{admin.namespace}:robot"
    assert refused.message == f'forbidden: User "{who}" cannot get path "/metrics"'


@pytest.mark.parametrize(
    ("document", "allowed"), [({"path": "/version", "verb": "get"}, True), ({"path": "/metrics", "verb": "get"}, False)]
)
def test_a_review_tells_open_documents_from_others(admin, document, allowed):
    review = {"spec": {"nonResourceAttributes": document}}

    answer = robot(admin).send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)

    assert answer.body["status"]["allowed"] is allowed


def test_a_review_names_the_binding_that_allows(admin):
    attributes = {"verb": "list", "resource": "pods", "namespace": admin.namespace}
    worker = robot_with(admin, LISTS)

    answer = worker.send(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": attributes}}
    )

    bound = f'RoleBinding "some/{admin.namespace}" of Role "some" to ServiceAccount "robot/{admin.namespace}"'
    assert answer.body["status"] == {"allowed": True, "reason": f"RBAC: allowed by {bound}"}
