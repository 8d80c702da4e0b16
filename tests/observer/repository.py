"""A GitOps repository that tests commit to, served by the sandbox's git host."""

from pathlib import Path

import pygit2

VALUES = "image:\n  repository: ghcr.io/acme/{service}\n  tag: {tag}\nreplicaCount: {replicas}\n"
TENANT = "tenant:\n  name: {name}\n  displayName: {title}\n  members:\n{members}  quotas:\n    pods: '10'\n"


class Repository:
    """Bare, one branch. Every change is one commit by Dev."""

    def __init__(self, path: Path) -> None:
        self._repository = pygit2.init_repository(str(path), bare=True, initial_head="main")
        self._index = pygit2.Index()

    def tenant(self, name: str, **roles: str) -> "Repository":
        members = "".join(f"    - userId: {login}\n      role: {role}\n" for login, role in roles.items())
        return self.write(f"tenants/{name}/values.yaml", TENANT.format(name=name, title=name.title(), members=members))

    def service(self, tenant: str, service: str, tag: str = "1.4.2", replicas: int = 1) -> "Repository":
        return self.write(
            f"services/{tenant}/{service}/values.yaml", VALUES.format(service=service, tag=tag, replicas=replicas)
        )

    def write(self, path: str, text: str) -> "Repository":
        blob = self._repository.create_blob(text.encode())
        self._index.add(pygit2.IndexEntry(f"platform-gitops/{path}", blob, pygit2.enums.FileMode.BLOB))
        return self

    def remove(self, path: str) -> "Repository":
        self._index.remove(f"platform-gitops/{path}")
        return self

    def commit(self, message: str = "deploy: everything") -> str:
        author = pygit2.Signature("dev", "dev@example.dev")
        parents = [] if self._repository.head_is_unborn else [self._repository.head.target]
        tree = self._index.write_tree(self._repository)
        return str(self._repository.create_commit("refs/heads/main", author, author, message, tree, parents))
