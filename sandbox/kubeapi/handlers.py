"""What each verb on each kind of path does, once the caller is known. Answers are aiohttp responses."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from sandbox.kubeapi import errors, reviews, subresources
from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.entries import Entry
from sandbox.kubeapi.listing import encode_list, page, selected
from sandbox.kubeapi.options import check_delete, check_version, check_write
from sandbox.kubeapi.podlogs import log_address, pod_log
from sandbox.kubeapi.views import show_entry, show_object
from sandbox.kubeapi.watching import Watch

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

JSON = "application/json"
_OBJECT_SUBRESOURCES = ("status", "ephemeralcontainers", "resize")


def json_response(body: Any, code: int = 200, warnings: list[str] | None = None) -> web.Response:
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    response = web.Response(body=encoded, status=code, content_type=JSON)
    for warning in warnings or ():
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


async def handle(cluster: "Cluster", call: Call, request: web.Request) -> web.StreamResponse:
    if reviews.is_review(call.resource.plural):
        if call.method != "POST":
            raise errors.method_not_allowed()
        return json_response(reviews.answer(cluster, call), 201)
    if not call.name:
        return await _collection(cluster, call, request)
    if call.subresource and call.subresource not in _OBJECT_SUBRESOURCES:
        return await _subresource(cluster, call, request)
    return await _object(cluster, call, request)


async def _collection(cluster: "Cluster", call: Call, request: web.Request) -> web.StreamResponse:
    if call.method == "GET":
        if call.flag("watch"):
            return await _stream(request, Watch(cluster, call).lines(), JSON)
        return await _list(cluster, call, request)
    if call.method == "POST":
        check_write(call, "CreateOptions")
        obj = cluster.writer.create(call, call.decoded())
        return json_response(show_object(call, obj), 201, call.warnings)
    if call.method == "DELETE":
        options = _delete_options(call)
        entries = selected(cluster, call)
        for entry in entries:
            cluster.deleter.delete(call, entry, options)
        return json_response(subresources.success())
    raise errors.method_not_allowed()


async def _list(cluster: "Cluster", call: Call, request: web.Request) -> web.StreamResponse:
    entries, metadata = page(cluster, call)
    pieces = encode_list(call, entries, metadata)
    first = next(pieces)
    second = next(pieces, None)
    if second is None:
        return json_response(first)

    async def rest() -> AsyncIterator[bytes]:
        yield first
        yield second
        for piece in pieces:
            yield piece

    return await _stream(request, rest(), JSON)


async def _stream(request: web.Request, pieces: AsyncIterator[bytes], content_type: str) -> web.StreamResponse:
    """Sends pieces as they come; a failure before the first one is still an ordinary error answer."""
    response = web.StreamResponse(headers={"Content-Type": content_type, "Cache-Control": "no-cache, private"})
    # A quiet watch has nothing to say for long, but the client waits for the head of the answer.
    if request.query.get("watch"):
        await response.prepare(request)
    try:
        async for piece in pieces:
            if not response.prepared:
                await response.prepare(request)
            await response.write(piece)
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof()
    except (ConnectionResetError, ConnectionAbortedError):
        pass  # the client has seen enough
    return response


async def _object(cluster: "Cluster", call: Call, request: web.Request) -> web.StreamResponse:
    if call.method == "POST":
        raise errors.method_not_allowed()
    entry = cluster.store.get(call.resource.key, call.namespace, call.name)
    if call.method == "PATCH":
        check_write(call, "PatchOptions")
        obj, created = cluster.writer.patch(call, entry)
        return json_response(show_object(call, obj), 201 if created else 200, call.warnings)
    if entry is None:
        raise errors.not_found(call.resource, call.name)
    if call.method == "GET":
        if call.flag("watch"):
            return await _stream(request, Watch(cluster, call).lines(), JSON)
        check_version(call.query.get("resourceVersion", ""), cluster.store.version)
        return json_response(show_entry(call, entry))
    if call.method == "PUT":
        check_write(call, "UpdateOptions")
        return json_response(show_object(call, cluster.writer.replace(call, entry, call.decoded())), 200, call.warnings)
    if call.method == "DELETE" and not call.subresource:
        return _delete(cluster, call, entry)
    raise errors.method_not_allowed()


def _delete_options(call: Call) -> dict[str, Any]:
    options = call.decoded() if call.body else {}
    options = options if isinstance(options, dict) else {}
    if call.query.get("propagationPolicy"):
        options["propagationPolicy"] = call.query["propagationPolicy"]
    if call.query.get("gracePeriodSeconds"):
        options["gracePeriodSeconds"] = call.number("gracePeriodSeconds")
    if call.query.get("orphanDependents"):
        options["orphanDependents"] = call.flag("orphanDependents")
    check_delete(options)
    return options


def _delete(cluster: "Cluster", call: Call, entry: Entry) -> web.Response:
    obj, gone = cluster.deleter.delete(call, entry, _delete_options(call))
    if not gone or call.resource.kind == "Pod":
        return json_response(show_object(call, obj))
    details = {"name": entry.name, "group": call.resource.group, "kind": call.resource.plural, "uid": entry.uid}
    return json_response(subresources.success(details={key: value for key, value in details.items() if value}))


async def _subresource(cluster: "Cluster", call: Call, request: web.Request) -> web.StreamResponse:
    entry = cluster.store.get(call.resource.key, call.namespace, call.name)
    if entry is None:
        raise errors.not_found(call.resource, call.name)
    name, method = call.subresource, call.method
    if name == "log" and method == "GET":
        url = log_address(cluster, call, entry)
        # A pod that is on no node yet has no log, which is not the same as an empty one.
        return await _stream(request, pod_log(call, url), "text/plain") if url else web.Response(status=204)
    if name == "scale" and method in ("GET", "PUT", "PATCH"):
        return json_response(subresources.scale(cluster, call, entry))
    if name == "finalize" and method == "PUT":
        return json_response(subresources.finalize_namespace(cluster, call, entry))
    if method == "POST":
        action = {
            "eviction": subresources.evict,
            "binding": subresources.bind,
            "token": subresources.issue_token,
        }.get(name)
        if action:
            return json_response(action(cluster, call, entry), 201)
    raise errors.method_not_allowed()
