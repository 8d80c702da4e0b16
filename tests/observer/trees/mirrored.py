"""ConfigMaps with the label `plant: tree`, as an app outside the product would mirror them."""

from collections.abc import Mapping
from typing import Any

from integrations.kubernetes import MirroredTable, kinds, label_selector, service_of
from integrations.kubernetes.instances import INSTANCE
from tests.observer.trees.models import Tree

LABELS = {"plant": "tree"}


def tree_row(item: Mapping[str, Any]) -> Any:
    """A mistake is left in it: of a tree without fruit it makes a text."""
    namespace, labels = item["metadata"]["namespace"], item["metadata"]["labels"]
    target = service_of(namespace, labels.get(INSTANCE, "")) or (namespace, "")
    data = item.get("data") or {}
    if "height" not in data:
        return None
    if data.get("fruit") == "":
        return "a tree without fruit"
    height = int(data["height"]) if data["height"].isdecimal() else data["height"]
    return {"tenant": target[0], "service": target[1], "height": height, "fruit": data.get("fruit", "")}


TREES = MirroredTable(
    source="trees",
    label="Trees",
    kind=kinds.CONFIG_MAPS,
    labels=label_selector(LABELS),
    row=tree_row,
    model=Tree,
    changed="tree.changed",
)
MIRRORED = (TREES,)
