"""Pod logs: asked of the kubelet of the pod's node over HTTPS and passed through, as the real server does."""

import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import aiohttp

from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.entries import Entry, Object
from sandbox.kubeapi.errors import ApiError, bad_request
from sandbox.kubeapi.options import check_log

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

_PASSED = ("previous", "tailLines", "sinceSeconds", "sinceTime", "follow", "timestamps", "limitBytes", "stream")
_KUBELET_PORT = 10250
_CONNECT_TIMEOUT_S = 5


def _container(call: Call, pod: Object) -> str:
    """The container meant. Raises ApiError 400 when the pod has several and none was named, or no such one."""
    spec = pod["spec"]
    main = [one["name"] for one in spec.get("containers") or ()]
    known = [*(one["name"] for one in spec.get("initContainers") or ()), *main]
    wanted = call.query.get("container", "")
    name = pod["metadata"]["name"]
    if wanted and wanted not in known:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    if not wanted and len(main) > 1:
        told = f"a container name must be specified for pod {name}, choose one of: [{' '.join(known)}]"
        raise bad_request(told)
    return wanted or main[0]


def _kubelet(cluster: "Cluster", pod: Object) -> str:
    """`host:port` of the node's kubelet; empty for a pod without a node or a node unknown."""
    name = pod["spec"].get("nodeName", "")
    nodes = cluster.registry.core("nodes")
    entry = cluster.store.get(nodes.key, "", name) if name else None
    status = (entry.load().get("status") or {}) if entry else {}
    address = next((one["address"] for one in status.get("addresses") or () if one["type"] == "InternalIP"), "")
    endpoint = (status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}
    return f"{address}:{endpoint.get('Port') or _KUBELET_PORT}" if address else ""


def log_address(cluster: "Cluster", call: Call, entry: Entry) -> str:
    """Where the kubelet has the log; empty for a pod without a node that has one.

    Raises ApiError 400 or 422 for options that make no sense.
    """
    check_log(call)
    pod = entry.load()
    container = _container(call, pod)
    if not pod["spec"].get("nodeName"):
        return ""
    kubelet = _kubelet(cluster, pod)
    return f"https://{kubelet}/containerLogs/{entry.namespace}/{entry.name}/{container}" if kubelet else ""


async def pod_log(call: Call, url: str) -> AsyncIterator[bytes]:
    """The log in pieces.

    Raises ApiError 400 with the kubelet's own words when it refuses, 500 when it cannot be reached.
    """
    query = {name: call.query[name] for name in _PASSED if name in call.query}
    # A kubelet's certificate is its own; the real server does not verify it either unless told to.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, params=query, ssl=trusting) as answer,
        ):
            if answer.status >= 400:
                told = (await answer.text()).strip()
                raise ApiError(answer.status, "BadRequest" if answer.status == 400 else "InternalError", told)
            async for piece in answer.content.iter_any():
                yield piece
    except aiohttp.ClientError as problem:
        told = f'Get "{url}": {problem}'
        raise ApiError(500, "InternalError", f"Internal error occurred: {told}") from problem
