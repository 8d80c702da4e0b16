"""Which worker of a parallel run gets which files, and when.

A file is one unit of work. Files whose tests share processes that start only once are one unit together, so that one
worker starts them. Long units come first: a long one at the end leaves the other workers idle.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# All of the embedded platform; the tests of `tests/house` start the whole product on it too.
ON_THE_PLATFORM = (
    "tests/house/",
    "tests/sandbox/faults/",
    "tests/diagnosis/test_guide_page.py",
    "tests/diagnosis/test_live.py",
    "tests/doors/test_rest_diagnosis.py",
    "tests/integrations/kubernetes/test_logs.py",
)
TOGETHER = (ON_THE_PLATFORM, ("tests/sandbox/controllers/",), ("tests/sandbox/kubeapi/",))
# Beside those above: what takes longest, longest first. A file that is not named here comes after them.
LONG = (
    "tests/observer/test_mirror_rows.py",
    "tests/observer/test_missing_rights.py",
    "tests/operations/test_workers.py",
    "tests/sandbox/controllers/",
    "tests/observer/",
    "tests/integrations/kubernetes/test_reflector.py",
    "tests/sandbox/test_neighbours.py",
    "tests/sandbox/kubeapi/",
    "tests/core/test_start_refusals.py",
    "tests/doors/test_permissions.py",
    "tests/services/test_effects.py",
    "tests/doors/test_body_limits.py",
    "tests/charts/",
    "tests/diagnosis/test_hostile_text.py",
    "tests/integrations/gitops/",
    "tests/doors/test_live_connections.py",
    "tests/operations/test_socket.py",
)
ORDER = (*ON_THE_PLATFORM, *LONG)


class InUnits(LoadScopeScheduling):
    """Units in the order in which the workers collected them."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid.partition("::")[0])


def unit_of(file: str) -> str:
    return next((unit[0] for unit in TOGETHER if file.startswith(unit)), file)


def rank(file: str) -> int:
    return next((place for place, start in enumerate(ORDER) if file.startswith(start)), len(ORDER))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return InUnits(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid.partition("::")[0]))
