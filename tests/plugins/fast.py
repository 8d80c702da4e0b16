"""`--fast` leaves out every test that starts a process: by its fixtures, or because its file runs programs itself."""

import pytest

STARTING = {
    "processes",
    "git_host",
    "own_git_host",
    "emulator",
    "world",
    "own_emulator",
    "kube_folder",
    "real_cluster",
    "real_plane",
}
RUNNING = ("subprocess", "multiprocessing", "Helm", "render")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only tests that start no process")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--fast"):
        left_out = [item for item in items if starts_a_process(item)]
        items[:] = [item for item in items if not starts_a_process(item)]
        config.hook.pytest_deselected(items=left_out)


def starts_a_process(item: pytest.Item) -> bool:
    needed = set(getattr(item, "fixturenames", ()))
    return bool(needed & STARTING) or any(hasattr(item.module, name) for name in RUNNING)
