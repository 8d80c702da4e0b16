"""Who may do what: the administrator everything, the reader reading, all others what roles bound to them allow."""

from typing import TYPE_CHECKING

from sandbox.kubeapi.auth import READER
from sandbox.kubeapi.calls import Call, User
from sandbox.kubeapi.errors import ApiError
from sandbox.kubeapi.rbac import Attempt
from sandbox.kubeapi.resources import READ_VERBS

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

MASTERS = "system:masters"
# Anybody signed in may ask what they are and what they may do.
_OPEN_REVIEWS = ("selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews")


def verb_of(call: Call) -> str:
    """The verb that authorisation judges, such as "list" or "deletecollection"."""
    if call.method in ("GET", "HEAD"):
        if call.flag("watch"):
            return "watch"
        return "get" if call.name else "list"
    if call.method == "DELETE" and not call.name:
        return "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(call.method, "unknown")


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
    verb, resource = verb_of(call), call.resource
    subject = f"{resource.plural}/{call.subresource}" if call.subresource else resource.plural
    # A namespace is judged by the roles bound in it.
    namespace = call.name if resource.key == ("", "namespaces") else call.namespace
    if why_allowed(cluster, call.user, Attempt(verb, resource.group, subject, namespace, call.name)):
        return
    place = f' in the namespace "{call.namespace}"' if call.namespace else " at the cluster scope"
    named = f'{resource.qualified} "{call.name}"' if call.name else resource.qualified
    why = f'User "{call.user.name}" cannot {verb} resource "{subject}" in API group "{resource.group}"{place}'
    details = {"name": call.name, "group": resource.group, "kind": resource.plural}
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
