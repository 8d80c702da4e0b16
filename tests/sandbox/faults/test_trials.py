"""Every fault of the sandbox: switched on, named by the diagnosis as its first cause, mended, healthy again."""

from collections.abc import Iterator

import pytest

from integrations.gitops import gitops
from sandbox import faults
from tests.processes import Processes
from tests.sandbox.faults.table import TRIALS
from tests.sandbox.faults.trials import Outcome, Trial, Trials
from tests.settings import PLATFORM


@pytest.fixture(scope="module")
def outcomes(platform: Processes) -> Iterator[dict[str, Outcome]]:
    trials = Trials(gitops(), PLATFORM.kubeconfig, TRIALS)
    try:
        yield trials.run()
    finally:
        trials.end()


def test_every_fault_is_put_to_the_test() -> None:
    assert {trial.fault for trial in TRIALS} == set(faults.CATALOGUE)


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.fault)
def test_the_cause_is_named_first(outcomes: dict[str, Outcome], trial: Trial) -> None:
    assert outcomes[trial.fault].found == trial.cause
    assert outcomes[trial.fault].found_s is not None


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.fault)
def test_it_is_well_again_once_mended(outcomes: dict[str, Outcome], trial: Trial) -> None:
    outcome = outcomes[trial.fault]
    said = [finding.cause for finding in outcome.last.findings] if outcome.last else []
    assert outcome.healed_s is not None, f"{trial.mended_by}, and still: {said}"
