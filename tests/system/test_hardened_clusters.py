"""A cluster that keeps its version to itself, or is old, is there all the same: MCTL needs neither answer."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.errors import NotAllowed, Unreachable
from mctl.health import Line, cluster_rights
from mctl.health.cluster_rights import look_at_rights
from mctl.health.outside import look_at_argocd, look_at_kubernetes
from mctl.rights import needed_rights
from tests.integrations.kubernetes.objects import make_namespace
from tests.integrations.kubernetes.servers import Emulator
from tests.system.hardened_server import HardenedServer

DISCOVERY = {"/version": 403, "/apis/argoproj.io/v1alpha1": 403}
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCESS_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
Begin = Callable[..., None]


@pytest.fixture
def cluster_that(emulator: Emulator, settings: Any) -> Iterator[Begin]:
    """Puts a server that answers some paths otherwise before the emulated one."""
    begun: list[HardenedServer] = []

    def begin(codes: dict[str, int], *silent: str) -> None:
        begun.append(HardenedServer(emulator, codes, silent))
        settings.KUBECONFIG = begun[0].kubeconfig()

    yield begin
    for server in begun:
        server.shutdown()


@pytest.mark.parametrize(
    ("codes", "begins", "ends"),
    [
        ({"/version": 403}, "The API server answers", "knows us as system:serviceaccount:mctl:mctl."),
        ({REVIEW: 404}, "v1.", " answers."),
        ({REVIEW: 403}, "v1.", " answers."),
        ({"/version": 403, REVIEW: 404}, "The API server answers.", "The API server answers."),
    ],
)
def test_kubernetes_is_there_without_its_version_and_our_name(
    cluster_that: Begin, codes: dict[str, int], begins: str, ends: str
) -> None:
    cluster_that(codes)

    line = look_at_kubernetes()

    assert line.is_well
    assert line.sentence.startswith(begins)
    assert line.sentence.endswith(ends)


def test_credentials_that_are_not_accepted_are_still_an_error(cluster_that: Begin) -> None:
    cluster_that({"/version": 401, REVIEW: 401})

    with pytest.raises(NotAllowed):
        look_at_kubernetes()


def test_argo_cd_is_there_where_kinds_may_not_be_read(cluster_that: Begin, emulator: Emulator) -> None:
    make_namespace(emulator.cluster(), "argocd")
    cluster_that(DISCOVERY)

    line = look_at_argocd()

    assert (line.is_well, "its kinds we may not ask for" in line.sentence) == (True, True)


def every_right(lines: Any) -> list[Line]:
    assert len(lines) == len(needed_rights())
    return list(lines)


def test_every_right_is_told_where_the_version_is_not(cluster_that: Begin) -> None:
    cluster_that(DISCOVERY)

    assert all(line.is_well for line in every_right(look_at_rights()))


def test_a_question_without_an_answer_hides_no_right(cluster_that: Begin, settings: Any) -> None:
    settings.KUBERNETES_TIMEOUT_S = 0.5
    cluster_that({}, "/version")

    assert all(line.is_well for line in every_right(look_at_rights()))


def test_rights_that_cannot_be_asked_at_all_are_said_once(cluster_that: Begin) -> None:
    cluster_that({ACCESS_REVIEW: 403})

    with pytest.raises(NotAllowed, match="which rights we have"):
        look_at_rights()


def test_a_silence_about_every_right_is_said_once(
    cluster_that: Begin, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KUBERNETES_TIMEOUT_S = 0.2
    monkeypatch.setattr(cluster_rights, "AT_ONCE", 60)
    monkeypatch.setattr(cluster_rights, "LONGEST_S", 60.0)
    cluster_that({}, ACCESS_REVIEW)

    with pytest.raises(Unreachable):
        look_at_rights()
