"""How a request wants objects shown: whole, as a table or as metadata only; and in which version of their kind."""

from typing import Any

import orjson

from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.conversion import as_served, as_stored
from sandbox.kubeapi.entries import Entry, Object
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.tables import partial_metadata, table

WHOLE, TABLE, METADATA = "whole", "table", "metadata"


def wanted_view(accept: str) -> str:
    """By the first acceptable media type; parameters choose between the views."""
    for media_type in accept.split(","):
        if "as=Table" in media_type:
            return TABLE
        if "as=PartialObjectMetadata" in media_type:
            return METADATA
        if media_type.split(";")[0].strip() in ("application/json", "*/*"):
            return WHOLE
    return WHOLE


def object_in_version(resource: Resource, entry: Entry) -> Object:
    obj = entry.load()
    return obj if resource.is_storage_form else as_served(resource, obj)


def bytes_in_version(resource: Resource, entry: Entry) -> bytes:
    if resource.is_storage_form:
        return entry.data
    return orjson.dumps(object_in_version(resource, entry))


def show_entry(call: Call, entry: Entry, *, in_list: bool = False) -> bytes:
    """One object as the request wants it, as encoded JSON. `in_list` tells watches, whose tables come row by row."""
    view = wanted_view(call.accept)
    if view == WHOLE:
        return bytes_in_version(call.resource, entry)
    return orjson.dumps(show_object(call, object_in_version(call.resource, entry), view))


def show_object(call: Call, obj: Object, view: str = "") -> dict[str, Any]:
    view = view or wanted_view(call.accept)
    if view == TABLE:
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table(
            call.resource, [as_stored(call.resource, obj)], metadata, call.query.get("includeObject", "Metadata")
        )
    return partial_metadata(obj) if view == METADATA else obj
