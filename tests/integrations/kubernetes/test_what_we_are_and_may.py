"""What the API server says about itself and about us: version, name, kinds, rights."""

from integrations.kubernetes import Cluster, kinds
from integrations.kubernetes.kinds import Kind
from integrations.kubernetes.rights import Attempt
from tests.integrations.kubernetes.objects import config_map, create
from tests.integrations.kubernetes.servers import Emulator


def product(emulator: Emulator) -> Cluster:
    return Cluster(str(emulator.product_kubeconfig))


def test_its_version_and_the_name_it_knows_us_by(emulator: Emulator) -> None:
    ours = product(emulator)

    assert ours.version().startswith("v1.")
    assert ours.own_name() == "system:serviceaccount:mctl:mctl"


def test_rights_are_those_of_the_account_place_by_place(emulator: Emulator, cluster: Cluster) -> None:
    ours = product(emulator)

    assert ours.may(Attempt("watch", kinds.PODS))
    assert ours.may(Attempt("get", kinds.PODS, "payments", "log"))
    assert ours.may(Attempt("patch", kinds.APPLICATIONS, "argocd"))
    assert not ours.may(Attempt("patch", kinds.APPLICATIONS))
    assert not ours.may(Attempt("patch", kinds.APPLICATIONS, "payments"))
    assert not ours.may(Attempt("delete", kinds.PODS))
    assert cluster.may(Attempt("delete", kinds.PODS))


def test_a_kind_is_served_in_the_version_that_we_read(cluster: Cluster) -> None:
    assert cluster.serves(kinds.PODS)
    assert cluster.serves(kinds.APPLICATIONS)
    assert not cluster.serves(Kind("applications", "argoproj.io", "v9", "Application"))
    assert not cluster.serves(Kind("giraffes", "zoo.example.dev", "v1", "Giraffe"))
    assert not cluster.serves(Kind("giraffes", "", "v1", "Giraffe"))


def test_a_dry_run_changes_nothing(cluster: Cluster, namespace: str) -> None:
    create(cluster, kinds.CONFIG_MAPS, namespace, config_map("colours"))
    change = {"data": {"sky": "blue"}}

    tried = cluster.merge_patch(kinds.CONFIG_MAPS, "colours", namespace, change, is_dry_run=True)

    assert tried["data"]["sky"] == "blue"
    assert "sky" not in cluster.get(kinds.CONFIG_MAPS, "colours", namespace).get("data", {})
