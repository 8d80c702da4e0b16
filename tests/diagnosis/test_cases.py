"""The shared cases, scored as their README tells."""

from pathlib import Path

import pytest

from tests.diagnosis.scoring import CASES, case_folders, score

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases/diagnosis is not here")


@pytest.mark.parametrize("folder", case_folders(), ids=lambda folder: folder.name)
def test_a_case_passes(folder: Path):
    found = score(folder)

    assert found.faults == []
