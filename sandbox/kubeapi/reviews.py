"""Kinds that are answered and never stored: who am I, what may I do, whose token is this."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.kubeapi.auth import READER
from sandbox.kubeapi.authorisation import MASTERS, is_open_document, why_allowed
from sandbox.kubeapi.calls import Call, User
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.rbac import Attempt
from sandbox.kubeapi.resources import READ_VERBS

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

Answer = dict[str, Any]


def _information(user: User) -> Answer:
    found = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    return {key: value for key, value in found.items() if value}


def _access(cluster: "Cluster", user: User, spec: Answer) -> Answer:
    asked = spec.get("resourceAttributes")
    if asked is None:
        # Documents and health are open to everybody signed in; they can only be read.
        document = spec.get("nonResourceAttributes") or {}
        is_open = document.get("verb") == "get" and is_open_document(document.get("path", ""))
        reason = (
            "documents are open to read" if is_open else why_allowed(cluster, user, Attempt(document.get("verb", "")))
        )
    else:
        resource = asked.get("resource", "")
        if asked.get("subresource"):
            resource = f"{resource}/{asked['subresource']}"
        place, name = asked.get("namespace", ""), asked.get("name", "")
        attempt = Attempt(asked.get("verb", ""), asked.get("group", ""), resource, place, name)
        reason = why_allowed(cluster, user, attempt)
    return {"allowed": bool(reason)} | ({"reason": reason} if reason else {})


def _self_access(cluster: "Cluster", call: Call, spec: Answer) -> Answer:
    return _access(cluster, call.user, spec)


def _subject_access(cluster: "Cluster", call: Call, spec: Answer) -> Answer:
    return _access(cluster, User(spec.get("user", ""), tuple(spec.get("groups") or ())), spec)


def _self_rules(cluster: "Cluster", call: Call, spec: Answer) -> Answer:
    everything = {"apiGroups": ["*"], "resources": ["*"]}
    if MASTERS in call.user.groups:
        rules = [{"verbs": ["*"], **everything}]
    elif call.user.name == READER.name:
        rules = [{"verbs": list(READ_VERBS), **everything}]
    else:
        rules = cluster.roles.rules(call.user, spec.get("namespace", ""))
    documents = [{"verbs": ["get"], "nonResourceURLs": ["/api", "/apis", "/healthz", "/openapi/*", "/version"]}]
    return {"resourceRules": rules, "nonResourceRules": documents, "incomplete": False}


def _self(cluster: "Cluster", call: Call, spec: Answer) -> Answer:
    return {"userInfo": _information(call.user)}


def _token(cluster: "Cluster", call: Call, spec: Answer) -> Answer:
    user = cluster.authenticator.user_of_token(spec.get("token", ""))
    if user is None:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": _information(user), "audiences": spec.get("audiences") or []}


_ANSWERS: dict[str, Callable[["Cluster", Call, Answer], Answer]] = {
    "selfsubjectaccessreviews": _self_access,
    "subjectaccessreviews": _subject_access,
    "localsubjectaccessreviews": _subject_access,
    "selfsubjectrulesreviews": _self_rules,
    "selfsubjectreviews": _self,
    "tokenreviews": _token,
}


def is_review(plural: str) -> bool:
    return plural in _ANSWERS


def answer(cluster: "Cluster", call: Call) -> Object:
    body = call.decoded_object()
    body.setdefault("metadata", {})
    body |= {"apiVersion": call.resource.group_version, "kind": call.resource.kind}
    spec = body.get("spec")
    body["status"] = _ANSWERS[call.resource.plural](cluster, call, spec if isinstance(spec, dict) else {})
    return body
