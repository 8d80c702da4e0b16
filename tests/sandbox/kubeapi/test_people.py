"""Who is calling, and what they may do."""

REVIEWS = "/apis/authorization.k8s.io/v1"


def may(person, verb, resource, **more):
    attributes = {"verb": verb, "resource": resource, "namespace": person.namespace, **more}
    review = {"spec": {"resourceAttributes": attributes}}
    return person.send("POST", f"{REVIEWS}/selfsubjectaccessreviews", review).body["status"]["allowed"]


def robot(api, name="robot"):
    """A service account of the test's namespace, through a token of its own."""
    api.post("serviceaccounts", {"metadata": {"name": name}})
    issued = api.send("POST", api.path("serviceaccounts", name, below="token"), {"spec": {"expirationSeconds": 600}})
    assert issued.status == 201
    return api.as_token(issued.body["status"]["token"])


def test_an_unknown_token_is_nobody(api):
    refused = api.as_token("wrong").get("configmaps")

    assert (refused.status, refused.body["reason"], refused.message) == (401, "Unauthorized", "Unauthorized")


def test_health_is_told_to_anybody(api):
    assert api.as_token("wrong").send("GET", "/readyz").body == "ok"


def test_a_reader_reads(reader, api, build):
    api.post("configmaps", build.config_map())

    assert reader.get("configmaps", "settings").status == 200
    assert (may(reader, "list", "pods"), may(reader, "delete", "pods")) == (True, False)


def test_a_reader_is_refused_a_write_in_the_usual_words(reader, build):
    refused = reader.post("configmaps", build.config_map())

    assert (refused.status, refused.body["reason"]) == (403, "Forbidden")
    why = f'cannot create resource "configmaps" in API group "" in the namespace "{reader.namespace}"'
    assert refused.message == f'configmaps is forbidden: User "sandbox-reader" {why}'


def test_everybody_may_ask_who_they_are(reader):
    answer = reader.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})

    assert answer.body["status"]["userInfo"]["username"] == "sandbox-reader"


def test_the_administrator_may_do_everything(api):
    rules = api.send("POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}).body["status"]

    assert rules["resourceRules"][0]["verbs"] == ["*"]


def test_a_service_account_may_nothing_until_a_role_is_bound(api, build):
    worker = robot(api)
    assert worker.get("configmaps").status == 403

    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    api.post("roles", {"metadata": {"name": "look"}, "rules": rules}, group="rbac.authorization.k8s.io/v1")
    binding = {
        "metadata": {"name": "look"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": api.namespace}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look"},
    }
    api.post("rolebindings", binding, group="rbac.authorization.k8s.io/v1")

    assert worker.get("configmaps").status == 200
    assert worker.post("configmaps", build.config_map()).status == 403
    assert (may(worker, "get", "configmaps"), may(worker, "get", "secrets")) == (True, False)


def test_a_token_can_be_checked(api):
    token = robot(api).token

    def review(text):
        return api.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": text}}).body["status"]

    assert review(token)["user"]["username"] == f"system:serviceaccount:{api.namespace}:robot"
    assert review("made up")["error"] == "invalid bearer token"


def test_a_token_ends_with_its_service_account(api):
    worker = robot(api)

    api.delete("serviceaccounts", "robot")

    assert worker.get("configmaps").status == 401


def test_only_the_administrator_may_act_as_somebody_else(api, reader):
    for person in (api, reader):
        person.headers |= {"Impersonate-User": "vera"}

    refused = api.get("configmaps")
    assert (refused.status, 'User "vera" cannot list resource "configmaps"' in refused.message) == (403, True)
    assert 'cannot impersonate resource "users"' in reader.get("configmaps").message
