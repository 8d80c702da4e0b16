"""Admission: quotas, limits and service accounts, with the sentences the diagnosis reads."""

import pytest

COMPUTE = {"requests.cpu": "1", "requests.memory": "1Gi", "limits.memory": "2Gi"}


@pytest.fixture
def quota(api):
    def make(**hard):
        made = api.post("resourcequotas", {"metadata": {"name": "compute"}, "spec": {"hard": hard}})
        assert made.status == 201

    return make


@pytest.fixture
def limit_range(api):
    def make(**limit):
        body = {"metadata": {"name": "limits"}, "spec": {"limits": [{"type": "Container", **limit}]}}
        assert api.post("limitranges", body).status == 201

    return make


def used(api):
    return api.get("resourcequotas", "compute").body["status"]["used"]


def test_a_pod_too_many_is_refused(api, build, quota):
    quota(pods="1")
    api.post("pods", build.pod("one"))

    refused = api.post("pods", build.pod("two"))

    assert (refused.status, refused.body["reason"]) == (403, "Forbidden")
    told = "exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1"
    assert refused.message == f'pods "two" is forbidden: {told}'


def test_only_what_is_exceeded_is_named(api, build, quota):
    quota(**COMPUTE)
    resources = {"requests": {"cpu": "600m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}
    api.post("pods", build.pod("one", containers=[build.container(**resources)]))

    refused = api.post("pods", build.pod("two", containers=[build.container(**resources)]))

    told = "requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1"
    assert refused.message == f'pods "two" is forbidden: exceeded quota: compute, {told}'


def test_what_a_quota_counts_must_be_specified(api, build, quota):
    quota(**COMPUTE)
    first = build.container(requests={"cpu": "100m"})
    second = build.container("side", limits={"memory": "64Mi"})

    refused = api.post("pods", build.pod(containers=[first, second]))

    assert refused.status == 403
    missing = "limits.memory for: main; requests.cpu for: side; requests.memory for: main"
    assert refused.message == f'pods "web" is forbidden: failed quota: compute: must specify {missing}'


def test_the_quota_knows_what_is_used(api, build, quota):
    quota(pods="5", **{"requests.cpu": "2", "limits.memory": "2Gi"})
    resources = {"requests": {"cpu": "250m"}, "limits": {"memory": "512Mi"}}

    for name in ("one", "two"):
        api.post("pods", build.pod(name, containers=[build.container(**resources)]))
    assert used(api) == {"pods": "2", "requests.cpu": "500m", "limits.memory": "1Gi"}

    api.delete("pods", "one")
    assert used(api) == {"pods": "1", "requests.cpu": "250m", "limits.memory": "512Mi"}


def test_an_ended_pod_uses_nothing(api, build, quota):
    quota(pods="1")
    api.post("pods", build.pod())

    api.patch("pods", "web", {"status": {"phase": "Succeeded"}}, below="status")

    assert used(api) == {"pods": "0"}


def test_a_raised_quota_lets_the_next_one_in(api, build, quota):
    quota(pods="0")
    assert api.post("pods", build.pod()).status == 403

    api.patch("resourcequotas", "compute", {"spec": {"hard": {"pods": "1"}}})

    assert api.post("pods", build.pod()).status == 201


def test_any_kind_can_be_counted(api, build, quota):
    quota(**{"count/deployments.apps": "1", "configmaps": "3"})
    api.post("deployments", build.deployment("one"), group="apps/v1")

    refused = api.post("deployments", build.deployment("two"), group="apps/v1")

    assert refused.message.startswith('deployments.apps "two" is forbidden: exceeded quota: compute')
    assert used(api) == {"count/deployments.apps": "1", "configmaps": "1"}


def test_a_dry_run_uses_nothing(api, build, quota):
    quota(pods="1")

    api.post("pods", build.pod(), dryRun="All")

    assert used(api) == {"pods": "0"}


def test_containers_that_say_nothing_get_the_defaults(api, build, limit_range):
    limit_range(default={"cpu": "500m", "memory": "256Mi"}, defaultRequest={"cpu": "100m"})

    made = api.post("pods", build.pod()).body

    assert made["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "256Mi"},
        "requests": {"cpu": "100m", "memory": "256Mi"},
    }
    assert made["status"]["qosClass"] == "Burstable"
    note = made["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert note.startswith("LimitRanger plugin set: cpu, memory request for container main")


@pytest.mark.parametrize(
    ("limit", "resources", "told"),
    [
        (
            {"max": {"memory": "1Gi"}},
            {"limits": {"memory": "2Gi"}},
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ),
        (
            {"min": {"cpu": "100m"}},
            {"requests": {"cpu": "10m"}},
            "minimum cpu usage per Container is 100m, but request is 10m",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000",
        ),
    ],
)
def test_what_is_too_small_or_too_large_is_refused(api, build, limit_range, limit, resources, told):
    limit_range(**limit)

    refused = api.post("pods", build.pod(containers=[build.container(**resources)]))

    assert (refused.status, refused.message) == (403, f'pods "web" is forbidden: {told}')


def test_a_pod_needs_a_service_account_that_exists(api, build):
    refused = api.post("pods", build.pod(serviceAccountName="robot"))

    assert refused.status == 403
    why = f'error looking up service account {api.namespace}/robot: serviceaccount "robot" not found'
    assert refused.message == f'pods "web" is forbidden: {why}'


def test_every_namespace_has_its_default_service_account(api):
    assert api.get("serviceaccounts", "default").status == 200
    assert api.get("configmaps", "kube-root-ca.crt").body["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
