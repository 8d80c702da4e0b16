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
from integrations.gitops.routes import FILE_SOURCES, Route, routes_of
from integrations.gitops.specs import mapping
from integrations.gitops.yaml_text import UnreadableYaml, parse

__all__ = [
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
    "forget",
    "gitops",
    "mapping",
    "new_service_values",
    "parse",
    "routes_of",
    "unified_diff",
]
