"""What the gateway reads: tenants, services, files, history; hand-made and broken files included."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pygit2
import pytest

from core.errors import Invalid
from integrations.errors import Missing, Refused
from integrations.gitops import Gitops, MemberSpec, ServiceSpec, unified_diff
from integrations.gitops.messages import commit_of

Outsider = Callable[[str, str], str]
SERVICES = "platform-gitops/services"
TENANTS = "platform-gitops/tenants"


def service(repository: Gitops, name: str) -> ServiceSpec:
    repository.fetch()
    return next(spec for spec in repository.read_world().services if f"{spec.tenant}/{spec.name}" == name)


def test_the_seeded_world_is_read_whole(repository: Gitops) -> None:
    world = repository.read_world(repository.fetch())
    assert [tenant.name for tenant in world.tenants] == ["labs", "payments", "storefront"]
    assert len(world.services) == 12
    assert world.unreadable == ()


def test_a_tenant_has_members_and_quotas(repository: Gitops) -> None:
    payments = repository.read_world().tenants[1]
    assert (payments.display_name, payments.github_team) == ("Payments", "acme-payments")
    assert payments.members == (
        MemberSpec("olga", "owner"),
        MemberSpec("dev", "developer"),
        MemberSpec("vera", "viewer"),
    )
    assert payments.quotas["limits.memory"] == "20Gi"


def test_a_role_that_is_unclear_gives_the_least(repository: Gitops, outsider: Outsider) -> None:
    outsider(
        f"{TENANTS}/labs/values.yaml",
        "tenant:\n  members:\n    - {userId: oscar, role: admin}\n    - {userId: dev, role: boss}\n"
        "    - {userId: olga}\n    - vera\n    - {userId: ada, role: owner}\n    - {userId: ada, role: viewer}\n"
        "  teamRoles: {acme-labs: owner, acme-guests: 7}\n",
    )
    repository.fetch()
    labs = repository.read_world().tenants[0]
    assert labs.members == (MemberSpec("oscar", "owner"), MemberSpec("ada", "viewer"))
    assert labs.team_roles == {"acme-labs": "owner", "acme-guests": "7"}


def test_a_service_has_what_lists_show_and_defaults_where_the_file_is_silent(repository: Gitops) -> None:
    web = service(repository, "payments/checkout-web")
    assert (web.image, web.tag, web.port, web.replicas) == ("ghcr.io/acme/checkout-web", "5.1.1", 3000, 2)
    assert web.hosts == ("payments-checkout-web.apps.example.dev", "checkout.example.dev")
    worker = service(repository, "payments/settlement-worker")
    assert (worker.host, worker.component_type, worker.replicas) == ("", "worker-service", 1)
    assert service(repository, "payments/migration-2025").replicas == 0


def test_values_may_be_written_in_other_ways(repository: Gitops, outsider: Outsider) -> None:
    outsider(
        f"{SERVICES}/labs/odd/values.yaml",
        "image: {repository: r.example/odd, tag: 47}\nservice: {port: '81'}\ndbSecret: {vaultPath: x}\n"
        "ingress: {enabled: true, hosts: [{host: odd.example}]}\nprobes: {liveness: {httpGet: {path: /up}}}\n",
    )
    odd = service(repository, "labs/odd")
    assert (odd.tag, odd.port, odd.host, odd.has_database) == ("47", 81, "odd.example", True)
    assert odd.probe_paths == {"liveness": "/up"}


@pytest.mark.parametrize(
    ("text", "sentence", "line"),
    [
        ("image: [\n", "A value is missing", 2),
        ("- a\n", "The file holds a list", 1),
        ("a: !!int x\n", "is not what its tag", 1),
        ('image:\n  tag: "1.0.0\nenv:\n  A: x\n', "A quote that opens here is never closed", 2),
        ("a: .inf\n", "Helm cannot use the number .inf", 1),
        ("a:\n  b: " + "[" * 30_000 + "]" * 30_000, "nested more than 60 levels", 2),
        ("autoscaling:\n  maxReplicas: 99999999999999999999\n", "more than Kubernetes can count", 2),
        ("a: &a\n  b: *a\n", "&a would contain itself", 2),
        ("\x00\x01", "control character", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_not_dropped(
    repository: Gitops, outsider: Outsider, text: str, sentence: str, line: int
) -> None:
    outsider(f"{SERVICES}/labs/broken/values.yaml", text)
    world = repository.read_world(repository.fetch())
    (found,) = world.unreadable
    assert (found.tenant, found.service, found.line) == ("labs", "broken", line)
    assert sentence in found.sentence
    assert len(world.services) == 12


def test_files_that_are_no_values_files_are_left_alone(repository: Gitops, outsider: Outsider) -> None:
    outsider(f"{SERVICES}/labs/README.md", "hello")
    outsider(f"{SERVICES}/labs/playground/catalog-info.yaml", "kind: Component")
    world = repository.read_world(repository.fetch())
    assert (len(world.services), world.unreadable) == (12, ())


def test_only_what_changed_is_read_again(repository: Gitops, outsider: Outsider) -> None:
    before = {spec.path: spec for spec in repository.read_world(repository.fetch()).services}
    outsider(f"{SERVICES}/labs/playground/values.yaml", "image: {repository: a, tag: b}")
    after = {spec.path: spec for spec in repository.read_world(repository.fetch()).services}
    assert [path for path in after if after[path] is not before[path]] == [f"{SERVICES}/labs/playground/values.yaml"]


def test_a_fetch_finds_what_others_pushed_and_says_when_it_asked(repository: Gitops, outsider: Outsider) -> None:
    first = repository.fetch()
    sha = outsider("README.md", "hello")
    assert repository.head().sha == first.sha
    second = repository.fetch()
    assert second.sha == sha
    assert second.as_of >= first.as_of


def test_last_changes_come_with_who_and_which_way(repository: Gitops) -> None:
    paths = [spec.path for spec in repository.read_world(repository.fetch()).services]
    changes = repository.last_changes(paths)
    ledger = changes[repository.service_path("payments", "ledger-api")]
    assert (ledger.subject, ledger.requested_by, ledger.via) == ("deploy: payments/ledger-api -> 2.8.1", "dev", "web")
    assert changes[repository.service_path("payments", "webhook-relay")].via == ""
    assert changes.keys() == set(paths)


def test_last_changes_follow_new_commits(repository: Gitops, outsider: Outsider) -> None:
    path = repository.service_path("labs", "playground")
    repository.last_changes([path])
    sha = outsider(path, "image: {repository: a, tag: b}")
    repository.fetch()
    assert repository.last_changes([path])[path].sha == sha
    assert repository.last_changes([repository.service_path("storefront", "cart")])


def test_history_is_paged_newest_first(repository: Gitops) -> None:
    path = repository.service_path("payments", "payments-api")
    subjects = [commit.subject for commit in repository.history(path)]
    assert subjects == [
        "deploy: payments/payments-api -> 3.12.0",
        "deploy: payments/payments-api -> 3.11.2",
        "feat: onboard payments/payments-api (3.10.0)",
    ]
    first = repository.history(path, limit=1)
    assert [commit.subject for commit in repository.history(path, limit=1, before=first[0].sha)] == subjects[1:2]


def test_a_commits_diff_shows_its_lines(repository: Gitops) -> None:
    commit = repository.history(repository.service_path("payments", "webhook-relay"), limit=1)[0]
    diff = repository.diff(commit.sha)
    assert '-  tag: "1.9.0" ' in diff
    assert '+  tag: "1.9.O" ' in diff


def test_the_file_of_an_older_revision_can_be_read(repository: Gitops) -> None:
    path = repository.service_path("payments", "ledger-api")
    older = repository.history(path)[1]
    file = repository.file_at(path, older.sha)
    assert "tag: 2.8.0" in file.text
    assert file.revision == older.sha


def test_absent_files_and_revisions_are_missing(repository: Gitops) -> None:
    with pytest.raises(Missing):
        repository.file_at("platform-gitops/nothing.yaml")
    with pytest.raises(Missing):
        repository.file_at(repository.service_path("labs", "playground"), "0" * 40)
    with pytest.raises(Missing):
        repository.service("labs", "absent")


@pytest.mark.parametrize("path", ["../etc/passwd", "/etc/passwd", "a//b", "a/.git/config", "", "a\nb"])
def test_paths_that_leave_the_repository_are_refused(repository: Gitops, path: str) -> None:
    with pytest.raises(Invalid):
        repository.file_at(path)


def test_one_revision_contains_those_before_it(repository: Gitops, outsider: Outsider) -> None:
    old = repository.fetch().sha
    new = outsider("README.md", "hello")
    assert repository.contains(new, old)
    assert not repository.contains(old, new)
    assert not repository.contains(new, "f" * 40)


def test_another_base_path_is_another_world(connect: Callable[..., Gitops], git_url: str) -> None:
    assert connect(git_url, base_path="elsewhere").read_world().services == ()


def test_an_unreadable_service_is_refused_with_its_line(repository: Gitops, outsider: Outsider) -> None:
    outsider(f"{SERVICES}/labs/broken/values.yaml", "a: 1\nb: [\n")
    repository.fetch()
    with pytest.raises(Refused) as refusal:
        repository.service("labs", "broken")
    assert refusal.value.facts["line"] == 3


@pytest.mark.parametrize("moment", [-62_135_596_801, -1, 253_402_300_799, 253_402_300_800, 9_399_999_999_999])
def test_a_commit_of_any_date_is_read_and_its_date_can_be_reckoned_with(tmp_path: Path, moment: int) -> None:
    repository = pygit2.init_repository(str(tmp_path), bare=True)
    ada = pygit2.Signature("ada", "ada@example.dev", moment, 0)
    made = repository.create_commit(None, ada, ada, "x" * 300, repository.TreeBuilder().write(), [])
    commit = commit_of(repository[made])
    assert commit.when + timedelta(days=365) > commit.when
    assert len(commit.subject) <= 200


def test_a_message_of_any_length_is_read_at_both_ends(tmp_path: Path) -> None:
    repository = pygit2.init_repository(str(tmp_path), bare=True)
    ada = pygit2.Signature("ada" * 1_000, "ada@example.dev")
    message = f"subject\n\n{'x' * 3_000_000}\n\nRequested-By: {'y' * 2_000}\n"
    made = repository.create_commit(None, ada, ada, message, repository.TreeBuilder().write(), [])
    commit = commit_of(repository[made])
    assert (commit.subject, len(commit.requested_by), len(commit.author)) == ("subject", 200, 200)
    assert len(commit.body) < 70_000


def test_a_comparison_costs_no_more_than_its_lines() -> None:
    """Few different lines, many times: the case that a comparison line by line takes minutes for."""
    before, after = ("".join(f"#{i * step % 101}\n" for i in range(40_000)) for step in (1, 37))
    assert unified_diff(before, after, "values.yaml").startswith("--- a/values.yaml\n+++ b/values.yaml\n@@")
