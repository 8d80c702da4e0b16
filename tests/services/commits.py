"""Commits put into the test's repository by hand."""

from integrations.gitops import gitops


def written(tenant: str, name: str, text: str) -> str:
    """A values file put into git by hand; returns the commit."""
    path = gitops().service_path(tenant, name)
    return gitops().commit_file(path=path, change=lambda _: text, message="By hand", author="ada", key="").sha


def committed(name: str, tag: str, operation: str, tenant: str = "payments") -> str:
    """A deploy as our own commits look; returns its id."""
    path = gitops().service_path(tenant, name)
    result = gitops().commit_file(
        path=path,
        change=lambda text: "\n".join(
            f"  tag: {tag}" if line.lstrip().startswith("tag:") else line for line in str(text).split("\n")
        ),
        message=f"deploy: {tenant}/{name} -> {tag}",
        author="dev",
        key=operation,
        trailers={"Operation-Id": operation, "Requested-By": "dev", "Requested-Via": "web"},
    )
    return result.sha
