"""Lists: selected, paged, and encoded in pieces so that forty megabytes of pods are never one block of memory."""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.conversion import as_stored
from sandbox.kubeapi.entries import Entry
from sandbox.kubeapi.errors import bad_request, expired
from sandbox.kubeapi.options import check_list
from sandbox.kubeapi.selectors import entry_test
from sandbox.kubeapi.tables import table
from sandbox.kubeapi.views import METADATA, TABLE, WHOLE, bytes_in_version, object_in_version, wanted_view

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

_PIECE_BYTES = 256 * 1024
# A real server forgets old snapshots after five minutes; ours, with one live state, pages over what is there now.
_TOKEN_MARK = "v1"


def selected(cluster: "Cluster", call: Call) -> list[Entry]:
    """The entries a list, a deletecollection or the start of a watch is about. Raises ApiError 400."""
    resource = call.resource
    query = call.query
    test = entry_test(resource, "", query.get("labelSelector", ""), query.get("fieldSelector", ""))
    if name := call.name:
        entry = cluster.store.get(resource.key, call.namespace, name)
        return [entry] if entry else []
    entries = cluster.store.entries(resource.key, call.namespace if resource.namespaced else "")
    return [entry for entry in entries if test(entry)] if test else entries


def _encode_token(version: str, entry: Entry) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([_TOKEN_MARK, version, entry.namespace, entry.name])).decode()


def _decode_token(token: str) -> tuple[str, tuple[str, str]]:
    try:
        mark, version, namespace, name = orjson.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        raise bad_request("invalid continue token: continue key is not valid: the token cannot be decoded") from None
    if mark != _TOKEN_MARK:
        raise bad_request("invalid continue token: continue key is not valid: unrecognized encoded version")
    return version, (namespace, name)


def page(cluster: "Cluster", call: Call) -> tuple[list[Entry], dict[str, Any]]:
    """The entries of this page and the list's metadata: resourceVersion, continue, remainingItemCount."""
    check_list(call, cluster.store.version)
    entries = selected(cluster, call)
    metadata: dict[str, Any] = {"resourceVersion": str(cluster.store.version)}
    if token := call.query.get("continue", ""):
        version, after = _decode_token(token)
        if int(version) < cluster.store.log(call.resource.key).compacted_at:
            raise expired("The provided continue parameter is too old to display a consistent list result.")
        metadata["resourceVersion"] = version
        entries = [entry for entry in entries if (entry.namespace, entry.name) > after]
    limit = call.number("limit")
    # With resourceVersion=0 the real server answers from its cache, whole, whatever the limit.
    if 0 < limit < len(entries) and call.query.get("resourceVersion") != "0":
        metadata["continue"] = _encode_token(metadata["resourceVersion"], entries[limit - 1])
        if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(entries) - limit
        entries = entries[:limit]
    return entries, metadata


def encode_list(call: Call, entries: list[Entry], metadata: dict[str, Any]) -> Iterator[bytes]:
    """The list's JSON in pieces of about 256 kB."""
    resource, view = call.resource, wanted_view(call.accept)
    if view == TABLE:
        objects = [as_stored(resource, object_in_version(resource, entry)) for entry in entries]
        yield orjson.dumps(table(resource, objects, metadata, call.query.get("includeObject", "Metadata")))
        return
    if view == METADATA:
        items = [{"metadata": entry.load()["metadata"]} for entry in entries]
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        yield orjson.dumps(head | {"items": items})
        return
    assert view == WHOLE
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.group_version, "metadata": metadata}
    pieces, size = [orjson.dumps(head)[:-1] + b',"items":['], 0
    for index, entry in enumerate(entries):
        encoded = bytes_in_version(resource, entry)
        pieces.append(b"," + encoded if index else encoded)
        size += len(encoded)
        if size > _PIECE_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join([*pieces, b"]}\n"])
