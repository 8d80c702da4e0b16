"""The GitOps repository: reads the world from it and commits changes to it.

`gitops()` is this installation's repository. Edits of values files keep every line they do not mean to change.
"""

from integrations.gitops.edits import Append, Edit, Remove, Set, SetMapping, edit_yaml
from integrations.gitops.gateway import Gitops, forget, gitops
from integrations.gitops.model import (
    Autoscaling,
    Change,
    Commit,
    CommitResult,
    FileEdit,
    FilePlan,
    FileText,
    MemberSpec,
    Revision,
    ServiceSpec,
    TenantSpec,
    UnreadableFile,
    World,
)
from integrations.gitops.new_files import new_service_values
from integrations.gitops.reading import unified_diff
from integrations.gitops.routes import EVERY_HOST, FILE_SOURCES, Route, routes_of, unread_objects
from integrations.gitops.values_file import editable_values, items, mapping, root_of, values_of
from integrations.yaml.events import UnreadableYaml
from integrations.yaml.text import parse, print_value

__all__ = [
    "EVERY_HOST",
    "FILE_SOURCES",
    "Append",
    "Autoscaling",
    "Change",
    "Commit",
    "CommitResult",
    "Edit",
    "FileEdit",
    "FilePlan",
    "FileText",
    "Gitops",
    "MemberSpec",
    "Remove",
    "Revision",
    "Route",
    "ServiceSpec",
    "Set",
    "SetMapping",
    "TenantSpec",
    "UnreadableFile",
    "UnreadableYaml",
    "World",
    "edit_yaml",
    "editable_values",
    "forget",
    "gitops",
    "items",
    "mapping",
    "new_service_values",
    "parse",
    "print_value",
    "root_of",
    "routes_of",
    "unified_diff",
    "unread_objects",
    "values_of",
]
