"""The cluster as the product sees it: raw objects without managedFields, errors in our words.

`cluster()` is the one of this process, made when first asked for: TLS connections must not cross a fork.
"""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from integrations.errors import Missing, NotAllowed
from integrations.kubernetes.failures import Expired
from integrations.kubernetes.kinds import APPLICATION_SETS, APPLICATIONS, PODS, Kind, kind_named
from integrations.kubernetes.rights import Attempt
from integrations.kubernetes.selectors import EVERYTHING, Selector
from integrations.kubernetes.transport import Transport

PAGE_SIZE = 500
LOG_BYTES = 256 * 1024
# tailLines is counted before limitBytes cuts, and that cut drops the newest lines: ask for more, keep the end.
LOG_BYTES_READ = 8 * 1024 * 1024
MERGE_PATCH = "application/merge-patch+json"
REFRESH = "argocd.argoproj.io/refresh"
REFRESH_SET = "argocd.argoproj.io/application-set-refresh"

Object = dict[str, Any]


class Cluster:
    """Raises Unreachable (no answer, or "not now"), Missing, Refused (rights, policy, invalid), Contended."""

    def __init__(self, kubeconfig: str, *, read_timeout_s: float = 5.0, argocd_namespace: str = "argocd") -> None:
        self.transport = Transport(kubeconfig, read_timeout_s)
        self.argocd_namespace = argocd_namespace

    def list(
        self,
        kind: Kind | str,
        *,
        namespace: str | None = None,
        label_selector: Selector = EVERYTHING,
        field_selector: Selector = EVERYTHING,
        limit: int = PAGE_SIZE,
    ) -> list[Object]:
        """All matching objects, fetched in pages of `limit`, managedFields dropped; kind and apiVersion filled in.

        `kind` is a row of `kinds` or its plural. Selectors come from `label_selector()` and `field_selector()`.
        """
        kind = kind_named(kind)
        query = list_query(label_selector, field_selector)
        asked = f"list {kind.plural}" + (f" in {namespace}" if namespace else "")
        path, attempt = kind.path(namespace), Attempt("list", kind, namespace)
        objects: list[Object] = []
        page = {"limit": str(limit)}
        while True:
            try:
                answer = self.transport.json("GET", path, asked=asked, attempt=attempt, query={**query, **page})
            except Expired:
                if "continue" not in page:
                    raise
                # The list took longer than the server keeps its pages: once more, in one piece.
                objects, page = [], {}
                continue
            objects += [slim(item, kind) for item in answer.get("items") or ()]
            token = answer.get("metadata", {}).get("continue")
            if not token:
                return objects
            page = {"limit": str(limit), "continue": token}

    def get(self, kind: Kind | str, name: str, namespace: str | None = None) -> Object:
        kind = kind_named(kind)
        asked = f"read {kind.kind} {name}" + (f" in {namespace}" if namespace else "")
        attempt = Attempt("get", kind, namespace)
        return slim(self.transport.json("GET", kind.path(namespace, name), asked=asked, attempt=attempt), kind)

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        previous: bool = False,
        tail_lines: int = 200,
        since_s: int | None = None,
        limit_bytes: int = LOG_BYTES,
        timestamps: bool = False,
    ) -> str:
        """The newest lines of a container, at most `limit_bytes` of them, cut at a line break."""
        query = {"container": container, "tailLines": str(tail_lines), "limitBytes": str(LOG_BYTES_READ)}
        query |= {"previous": "true"} if previous else {}
        query |= {"timestamps": "true"} if timestamps else {}
        query |= {"sinceSeconds": str(since_s)} if since_s is not None else {}
        path = f"{PODS.path(namespace, pod)}/log"
        asked = f"read the log of {container} in {namespace}/{pod}"
        attempt = Attempt("get", PODS, namespace, subresource="log")
        data = self.transport.read("GET", path, asked=asked, attempt=attempt, query=query, longest=LOG_BYTES_READ)
        if len(data) > limit_bytes:
            data = data[-limit_bytes:]
            data = data[data.find(b"\n") + 1 :]
        return data.decode(errors="replace")

    def merge_patch(
        self, kind: Kind | str, name: str, namespace: str | None, body: Mapping[str, Any], *, is_dry_run: bool = False
    ) -> Object:
        """The object after the patch (RFC 7386): null removes a field, lists are replaced whole. A dry run is judged by
        the server like any other and changes nothing."""
        kind = kind_named(kind)
        query = {"dryRun": "All"} if is_dry_run else None
        asked = f"patch {kind.kind} {name}" + (f" in {namespace}" if namespace else "")
        path, attempt = kind.path(namespace, name), Attempt("patch", kind, namespace)
        how: dict[str, Any] = {"asked": asked, "attempt": attempt, "query": query, "content_type": MERGE_PATCH}
        return slim(self.transport.json("PATCH", path, body=body, **how), kind)

    def refresh_application(self, name: str, *, hard: bool = False) -> None:
        """Asks Argo CD to compare the Application with git now; `hard` also drops its manifest cache."""
        self._annotate(APPLICATIONS, name, REFRESH, "hard" if hard else "normal")

    def refresh_application_set(self, name: str) -> None:
        """Asks Argo CD to run the ApplicationSet's generators now instead of at its next interval."""
        self._annotate(APPLICATION_SETS, name, REFRESH_SET, "true")

    def ping(self) -> None:
        """Returns when the API server answers. Raises Unreachable, or Refused for credentials it does not know."""
        try:
            self.version()
        except NotAllowed as refusal:
            # Saying no to this one request is an answer too.
            if refusal.facts["status"] != 403:
                raise

    def version(self) -> str:
        """Such as "v1.36.2"."""
        return str(self.transport.json("GET", "/version", asked="say its version").get("gitVersion", ""))

    def own_name(self) -> str:
        """The user that the API server takes us for, such as "system:serviceaccount:mctl:mctl"."""
        answer = self._review("authentication.k8s.io", "SelfSubjectReview", {}, asked="say who we are")
        return str(answer.get("status", {}).get("userInfo", {}).get("username", ""))

    def may(self, attempt: Attempt) -> bool:
        """Whether the API server would allow our account the request."""
        attributes = {"verb": attempt.verb, "group": attempt.kind.group, "resource": attempt.kind.plural}
        attributes |= {"namespace": attempt.namespace} if attempt.namespace else {}
        attributes |= {"subresource": attempt.subresource} if attempt.subresource else {}
        answer = self._review(
            "authorization.k8s.io",
            "SelfSubjectAccessReview",
            {"spec": {"resourceAttributes": attributes}},
            asked="say which rights we have",
        )
        return answer.get("status", {}).get("allowed") is True

    def serves(self, kind: Kind) -> bool:
        """Whether the API server knows the kind in the version that we read."""
        path = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
        try:
            answer = self.transport.json("GET", path, asked=f"list the kinds of {kind.api_version}")
        except Missing:
            return False
        return any(one.get("name") == kind.plural for one in answer.get("resources") or ())

    def _review(self, group: str, kind: str, content: Object, *, asked: str) -> Object:
        """Kinds that are asked for by creating them; nothing is kept of them."""
        body = {"apiVersion": f"{group}/v1", "kind": kind, **content}
        return self.transport.json("POST", f"/apis/{group}/v1/{kind.lower()}s", asked=asked, body=body)

    def _annotate(self, kind: Kind, name: str, key: str, value: str) -> None:
        self.merge_patch(kind, name, self.argocd_namespace, {"metadata": {"annotations": {key: value}}})


def list_query(label_selector: Selector, field_selector: Selector) -> dict[str, str]:
    """The query of a list or watch. Refuses plain text: a comma in it would widen what is selected."""
    query = {}
    for name, selector in (("labelSelector", label_selector), ("fieldSelector", field_selector)):
        if not selector:
            continue
        if not isinstance(selector, Selector):
            raise TypeError(f"{name} must be made by integrations.kubernetes.selectors, not {type(selector).__name__}.")
        query[name] = str(selector)
    return query


def slim(item: Object, kind: Kind) -> Object:
    """Lists carry kind and apiVersion once; managedFields are half of an object's bytes and no reader's business."""
    item["metadata"].pop("managedFields", None)
    item.setdefault("kind", kind.kind)
    item.setdefault("apiVersion", kind.api_version)
    return item


class _OfThisProcess:
    """The one Cluster, made again when the kubeconfig changed on disk (rotated certificates, a new cluster)."""

    def __init__(self) -> None:
        self.making = threading.Lock()
        self.made: tuple[object, Cluster] | None = None


_ours = _OfThisProcess()
os.register_at_fork(after_in_child=_ours.__init__)  # type: ignore[misc]


def cluster() -> Cluster:
    """The cluster of the settings. Raises Unreachable where there is no usable kubeconfig."""
    with _ours.making:
        version = _version_of(settings.KUBECONFIG)
        if _ours.made is None or _ours.made[0] != version:
            made = Cluster(
                settings.KUBECONFIG,
                read_timeout_s=settings.KUBERNETES_TIMEOUT_S,
                argocd_namespace=settings.ARGOCD_NAMESPACE,
            )
            _ours.made = (version, made)
        return _ours.made[1]


def _version_of(kubeconfig: str) -> object:
    try:
        return kubeconfig, kubeconfig and Path(kubeconfig).stat().st_mtime_ns
    except OSError:
        return kubeconfig, None
