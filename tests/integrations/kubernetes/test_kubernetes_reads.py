"""What a reader of the cluster gets: whole lists, single objects, logs; and refusals and silences in our words."""

import multiprocessing
import socket
import time
from pathlib import Path

import pytest
from django.test import override_settings

from integrations.errors import Missing, Refused, Unreachable
from integrations.kubernetes import Cluster, cluster, field_selector, kinds, label_selector
from sandbox.platform import LOOPBACK, free_port
from tests.integrations.kubernetes.objects import OURS, application, config_map, create, make_namespace
from tests.integrations.kubernetes.servers import Emulator, Relay

MAPS = kinds.CONFIG_MAPS


def test_a_list_longer_than_a_page_comes_back_whole_and_without_managed_fields(
    cluster: Cluster, namespace: str
) -> None:
    for number in range(7):
        create(cluster, MAPS, namespace, config_map(f"map-{number}"))

    found = cluster.list(MAPS, namespace=namespace, label_selector=label_selector(OURS), limit=3)

    assert [item["metadata"]["name"] for item in found] == [f"map-{number}" for number in range(7)]
    assert all("managedFields" not in item["metadata"] and item["kind"] == "ConfigMap" for item in found)


def test_selectors_choose_by_label_and_by_field(cluster: Cluster, namespace: str) -> None:
    create(cluster, MAPS, namespace, config_map("red", {"colour": "red"}))
    create(cluster, MAPS, namespace, config_map("blue", {"colour": "blue"}))

    by_label = cluster.list("configmaps", namespace=namespace, label_selector=label_selector({"colour": "red"}))
    by_field = cluster.list("configmaps", namespace=namespace, field_selector=field_selector({"metadata.name": "blue"}))

    assert [item["metadata"]["name"] for item in by_label] == ["red"]
    assert [item["metadata"]["name"] for item in by_field] == ["blue"]


@pytest.mark.parametrize("value", ["a,b=c", "a in (b)", "!a", "a b", "x" * 64])
def test_a_name_never_widens_a_selector(cluster: Cluster, value: str) -> None:
    with pytest.raises(Missing, match="Kubernetes does not take that value"):
        label_selector({"app.kubernetes.io/instance": value})
    with pytest.raises(Missing, match="Kubernetes does not take that value"):
        field_selector({"metadata.name": f"{value},{value * 4}"})
    with pytest.raises(TypeError, match="must be made by"):
        cluster.list(MAPS, label_selector=f"colour={value}")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["../../../api/v1/secrets/x", "..", "", "a/b", "%2e%2e"])
def test_a_name_never_walks_to_another_address(cluster: Cluster, namespace: str, name: str) -> None:
    with pytest.raises(Missing):
        cluster.get(MAPS, name, namespace)


def test_an_absent_object_is_missing_and_says_what_was_asked(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(Missing) as raised:
        cluster.get(MAPS, "nowhere", namespace)

    assert raised.value.sentence == f"Kubernetes has nothing to read ConfigMap nowhere in {namespace}."
    assert raised.value.facts["status"] == 404


def test_a_read_only_identity_is_refused_beside_one_that_is_not(emulator: Emulator, namespace: str) -> None:
    admin, reader = emulator.cluster(), Cluster(str(emulator.directory / "kubeconfig-readonly"))
    create(admin, MAPS, namespace, config_map("shared"))

    with pytest.raises(Refused) as raised:
        reader.merge_patch(MAPS, "shared", namespace, {"data": {"size": "huge"}})

    assert raised.value.facts["status"] == 403
    assert admin.merge_patch(MAPS, "shared", namespace, {"data": {"size": "tall"}})["data"] == {"size": "tall"}
    assert reader.get(MAPS, "shared", namespace)["data"] == {"size": "tall"}


def test_unknown_credentials_are_refused_with_what_to_do(emulator: Emulator, tmp_path: Path) -> None:
    lines = emulator.kubeconfig.read_text().splitlines()
    stale = [line.partition("token:")[0] + "token: stale" if "token:" in line else line for line in lines]
    (tmp_path / "kubeconfig").write_text("\n".join(stale))

    with pytest.raises(Refused) as raised:
        Cluster(str(tmp_path / "kubeconfig")).list(MAPS)

    assert raised.value.facts["status"] == 401
    assert "Renew the token" in raised.value.remedy


def test_an_invalid_object_is_refused_in_the_servers_words(cluster: Cluster, namespace: str) -> None:
    create(cluster, MAPS, namespace, config_map("shared"))

    with pytest.raises(Refused) as raised:
        cluster.merge_patch(MAPS, "shared", namespace, {"data": {"size": 7}})

    assert raised.value.facts["status"] in {400, 422}
    assert raised.value.facts["detail"]


def test_nobody_listening_is_unreachable_at_once(emulator: Emulator, tmp_path: Path) -> None:
    text = emulator.kubeconfig.read_text().replace(f":{emulator.port}", f":{free_port()}")
    (tmp_path / "kubeconfig").write_text(text)

    with pytest.raises(Unreachable, match="does not answer"):
        Cluster(str(tmp_path / "kubeconfig")).ping()


def test_a_server_that_falls_silent_is_unreachable_after_one_timeout(emulator: Emulator, relay: Relay) -> None:
    waiting = Cluster(str(relay.kubeconfig(emulator.kubeconfig)), read_timeout_s=0.3)
    waiting.ping()
    relay.passing.clear()

    began = time.monotonic()
    with pytest.raises(Unreachable):
        waiting.ping()

    # Asked again three times, as the vendor's client would, this took 1.2 s.
    assert time.monotonic() - began < 0.9


def test_a_certificate_of_another_authority_is_unreachable_and_says_so(emulator: Emulator, tmp_path: Path) -> None:
    stranger = Emulator(tmp_path).start()
    stranger.stop()
    text = stranger.kubeconfig.read_text().replace(f":{stranger.port}", f":{emulator.port}")
    stranger.kubeconfig.write_text(text)

    with pytest.raises(Unreachable) as raised:
        stranger.cluster().ping()

    assert "certificate" in raised.value.facts["detail"].lower()


def test_a_missing_kubeconfig_says_which_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as raised:
        Cluster(str(tmp_path / "nowhere"))

    assert "MCTL_KUBECONFIG" in raised.value.remedy


def test_a_refresh_is_an_annotation_on_the_application(cluster: Cluster) -> None:
    make_namespace(cluster, "argocd")
    create(cluster, kinds.APPLICATIONS, "argocd", application("orchard", "apples"))

    cluster.refresh_application("orchard-apples", hard=True)

    found = cluster.get(kinds.APPLICATIONS, "orchard-apples", "argocd")
    assert found["metadata"]["annotations"] == {"argocd.argoproj.io/refresh": "hard"}


def test_a_forked_worker_makes_connections_of_its_own(emulator: Emulator, namespace: str) -> None:
    with override_settings(KUBECONFIG=str(emulator.kubeconfig)):
        create(cluster(), MAPS, namespace, config_map("shared"))
        with multiprocessing.get_context("fork").Pool(2) as pool:
            answers = pool.map(names_in, [namespace] * 8)
        ours = names_in(namespace)

    assert answers == [["shared"]] * 8
    assert ours == ["shared"]


def names_in(namespace: str) -> list[str]:
    return [
        item["metadata"]["name"]
        for item in cluster().list(MAPS, namespace=namespace, label_selector=label_selector(OURS))
    ]


def test_the_cluster_is_made_again_when_the_kubeconfig_changes(emulator: Emulator, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    with socket.create_server((LOOPBACK, 0)) as nobody, override_settings(KUBECONFIG=str(kubeconfig)):
        port = nobody.getsockname()[1]
        nobody.close()
        kubeconfig.write_text(emulator.kubeconfig.read_text().replace(f":{emulator.port}", f":{port}"))
        with pytest.raises(Unreachable):
            cluster().ping()

        kubeconfig.write_text(emulator.kubeconfig.read_text())
        cluster().ping()
