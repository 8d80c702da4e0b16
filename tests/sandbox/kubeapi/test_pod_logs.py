"""Pod logs come from the kubelet of the pod's node."""


def log(api, name="web", **query):
    return api.get("pods", name, below="log", **query)


def test_the_kubelet_is_asked_with_the_callers_wishes(api, build, node):
    api.post("pods", build.pod(nodeName=node))

    answer = log(api, previous="true", tailLines=5, timestamps="true")

    assert answer.status == 200
    wishes = "previous=true&tailLines=5&timestamps=true"
    assert answer.body == f"asked /containerLogs/{api.namespace}/web/main?{wishes}\n"
    assert answer.headers["Content-Type"] == "text/plain"


def test_a_refusal_of_the_kubelet_is_passed_on(api, build, node):
    api.post("pods", build.pod(nodeName=node, containers=[build.container("gone")]))

    answer = log(api)

    assert (answer.status, answer.message) == (400, "container gone is not there")


def test_one_of_several_containers_must_be_named(api, build, node):
    containers = [build.container(), build.container("side")]
    api.post("pods", build.pod(nodeName=node, containers=containers))

    refused = log(api)

    assert refused.status == 400
    assert refused.message == "a container name must be specified for pod web, choose one of: [main side]"
    assert log(api, container="side").body.startswith(f"asked /containerLogs/{api.namespace}/web/side")
    assert log(api, container="none").message == "container none is not valid for pod web"


def test_a_pod_without_a_node_has_written_nothing(api, build):
    api.post("pods", build.pod())

    assert (log(api).status, log(api).body) == (204, "")


def test_an_unreachable_kubelet_is_named(api, build):
    addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
    status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
    name = f"silent-{api.namespace}"
    api.send("POST", "/api/v1/nodes", {"metadata": {"name": name}, "status": status})
    api.post("pods", build.pod(nodeName=name))

    answer = log(api)

    assert (answer.status, answer.body["reason"]) == (500, "InternalError")
    assert f"https://127.0.0.1:1/containerLogs/{api.namespace}/web/main" in answer.message


def test_a_scheduler_binds_a_pod_to_a_node_once(api, build, node):
    api.post("pods", build.pod())
    target = {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": node}}

    first = api.send("POST", api.path("pods", "web", below="binding"), target)
    second = api.send("POST", api.path("pods", "web", below="binding"), target)

    assert (first.status, second.status) == (201, 409)
    bound = api.get("pods", "web").body
    assert bound["spec"]["nodeName"] == node
    assert bound["status"]["conditions"][0]["type"] == "PodScheduled"
