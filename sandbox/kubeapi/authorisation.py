"""Who may do what: the administrator everything, the reader reading, all others what roles bound to them allow."""

from typing import TYPE_CHECKING

from sandbox.kubeapi.auth import READER
from sandbox.kubeapi.calls import Call, User
from sandbox.kubeapi.errors import ApiError
from sandbox.kubeapi.rbac import Attempt
from sandbox.kubeapi.resources import READ_VERBS
from sandbox.kubeapi.routing import words_of
from sandbox.kubeapi.selectors import named_by

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

MASTERS = "system:masters"
# Anybody signed in may ask what they are and what they may do.
_OPEN_REVIEWS = ("selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews")
# What the roles system:discovery and system:public-info-viewer open to everybody.
_OPEN_DOCUMENTS = ("/api", "/apis", "/healthz", "/livez", "/openapi", "/readyz", "/version")
_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def verb_of(method: str, *, name: str, watch: bool) -> str:
    """The verb that authorisation judges, such as "list" or "deletecollection"."""
    verb = _VERBS.get(method, "unknown")
    if verb == "get" and watch:
        return "watch"
    return verb if name else {"get": "list", "delete": "deletecollection"}.get(verb, verb)


def is_open_document(path: str) -> bool:
    return any(path == opened or path.startswith(f"{opened}/") for opened in _OPEN_DOCUMENTS)


def why_allowed(cluster: "Cluster", user: User, attempt: Attempt) -> str:
    """The reason it is allowed; empty when it is not."""
    if MASTERS in user.groups:
        return f'"{user.name}" is in {MASTERS}'
    if user.name == READER.name and attempt.verb in READ_VERBS:
        return f'"{user.name}" may read everything'
    if attempt.verb == "create" and attempt.resource in _OPEN_REVIEWS:
        return "anybody may ask about themselves"
    return cluster.roles.allow(user, attempt)


def authorise(cluster: "Cluster", call: Call) -> None:
    """Raises ApiError 403 in the real server's words."""
    verb, resource = verb_of(call.method, name=call.name, watch=call.flag("watch")), call.resource
    subject = f"{resource.plural}/{call.subresource}" if call.subresource else resource.plural
    # A namespace is judged by the roles bound in it.
    namespace = call.name if resource.key == ("", "namespaces") else call.namespace
    name = call.name or named_by(call.query.get("fieldSelector", ""))
    _judge(cluster, call.user, Attempt(verb, resource.group, subject, namespace, name))


def authorise_unknown(cluster: "Cluster", user: User, method: str, path: str, *, watch: bool) -> None:
    """Judges a path that means nothing here. People without the right to it do not learn that. Raises ApiError 403."""
    words, verb = words_of(path), method.lower()
    if words is not None:
        verb = verb_of(method, name=words.name, watch=words.watch or (watch and not words.name))
        subject = f"{words.plural}/{words.subresource}" if words.subresource else words.plural
        _judge(cluster, user, Attempt(verb, words.group, subject, words.namespace, words.name))
    elif not is_open_document(path) and not why_allowed(cluster, user, Attempt(verb)):
        raise ApiError(403, "Forbidden", f'forbidden: User "{user.name}" cannot {verb} path "{path}"', {})


def _judge(cluster: "Cluster", user: User, attempt: Attempt) -> None:
    if why_allowed(cluster, user, attempt):
        return
    verb, group, plural = attempt.verb, attempt.group, attempt.resource.partition("/")[0]
    place = f' in the namespace "{attempt.namespace}"' if attempt.namespace else " at the cluster scope"
    qualified = f"{plural}.{group}" if group else plural
    named = f'{qualified} "{attempt.name}"' if attempt.name else qualified
    why = f'User "{user.name}" cannot {verb} resource "{attempt.resource}" in API group "{group}"{place}'
    details = {"name": attempt.name, "group": group, "kind": plural}
    present = {key: value for key, value in details.items() if value}
    raise ApiError(403, "Forbidden", f"{named} is forbidden: {why}", present)


def impersonated(cluster: "Cluster", user: User, name: str, groups: list[str]) -> User:
    """The person the caller wants to be taken for. Raises ApiError 403 unless the caller may do that."""
    if not why_allowed(cluster, user, Attempt("impersonate", "", "users", name=name)):
        why = f'User "{user.name}" cannot impersonate resource "users" in API group "" at the cluster scope'
        raise ApiError(403, "Forbidden", f'users "{name}" is forbidden: {why}', {"name": name, "kind": "users"})
    if name.startswith("system:serviceaccount:") and not groups:
        namespace = name.split(":")[2]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    return User(name, (*groups, "system:authenticated"))
