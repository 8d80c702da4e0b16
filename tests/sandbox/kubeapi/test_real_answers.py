"""The emulator answers as kube-apiserver 1.36.2 does: code, reason, message, causes and warnings, row by row.

The answers are facts of that server. The same table runs against a real one where KUBEBUILDER_ASSETS names it.
"""

from pathlib import Path

import pytest

from tests.real_cluster import RealCluster, needs_assets
from tests.sandbox.kubeapi.answers import THEMES, Row, ask, fits, rows_of
from tests.sandbox.kubeapi.api import Api, api_of

ROWS = [
    pytest.param(row, id=f"{theme}: {row.get('send', 'request')}: {row['when']}")
    for theme in THEMES
    for row in rows_of(theme)
]


@pytest.fixture(scope="module")
def emulator(kube_folder: Path) -> Api:
    """One connection for all rows; each row has a namespace of its own."""
    return api_of(kube_folder / "kubeconfig")


@pytest.mark.parametrize("row", ROWS)
def test_the_emulator_answers_as_the_real_server_does(emulator: Api, row: Row) -> None:
    answer = ask(emulator, row)

    assert fits(row["answer"], answer), answer


@pytest.mark.real_cluster
@needs_assets
@pytest.mark.parametrize("theme", THEMES)
def test_the_real_server_answers_as_the_table_says(real_cluster: RealCluster, theme: str) -> None:
    api = Api(real_cluster.server, real_cluster.authority.read_text(), real_cluster.token)

    asked = [(row, ask(api, row)) for row in rows_of(theme)]

    assert [(row["when"], answer) for row, answer in asked if not fits(row["answer"], answer)] == []


@pytest.mark.parametrize("theme", THEMES)
def test_every_row_of_the_table_is_named_once(theme: str) -> None:
    named = [(row.get("send"), row["when"]) for row in rows_of(theme)]

    assert len(named) == len(set(named))
