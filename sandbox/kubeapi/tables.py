"""Lists as tables and as metadata only: what kubectl asks for with its Accept header."""

from typing import Any

from sandbox.kubeapi import jsonpaths
from sandbox.kubeapi.columns import AGE, BUILTIN, EVENT_COLUMNS, NAME, Column, since
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.resources import Resource


def _columns(resource: Resource) -> list[Column]:
    if resource.custom:
        declared = resource.columns or [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
        return [NAME, *(_custom_column(one) for one in declared)]
    if resource.plural == "events":
        return EVENT_COLUMNS
    return [NAME, *BUILTIN.get(resource.plural, [AGE])]


def _custom_column(declared: dict[str, Any]) -> Column:
    path, kind = declared["jsonPath"], declared["type"]

    def cell(obj: Object) -> Any:
        value = jsonpaths.find(obj, path)
        if value is None:
            return "" if kind == "string" else None
        if kind == "date":
            return since(str(value))
        return str(value) if kind == "string" else value

    return Column(declared["name"], cell, kind, wide=declared.get("priority", 0) > 0)


def table(resource: Resource, objects: list[Object], metadata: dict[str, Any], include: str = "Metadata") -> Object:
    """`include` is the request's includeObject: None, Metadata or Object."""
    columns = _columns(resource)
    rows = []
    for obj in objects:
        row: dict[str, Any] = {"cells": [column.cell(obj) for column in columns]}
        if include == "Object":
            row["object"] = obj
        elif include != "None":
            row["object"] = partial_metadata(obj)
        rows.append(row)
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": "name" if column.name == "Name" else "",
            "description": "",
            "priority": int(column.wide),
        }
        for column in columns
    ]
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return head | {"columnDefinitions": definitions, "rows": rows}


def partial_metadata(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
