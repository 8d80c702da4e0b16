"""Every app of the product stands under every contract: one that a list forgets would go unchecked."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
APPS = sorted(one.name for one in apps.get_app_configs() if (ROOT / one.name / "apps.py").exists())
# They have layers of their own, or hold no business code.
LAYERED_OTHERWISE = {"core", "mctl", "observer", "sandbox"}
# Core is below the rules of the diagnosis; the others stand above them.
MAY_KNOW_THE_RULES = {"core", "diagnosis", "mctl", "observer"}


def contract(beginning: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = TOOLS["importlinter"]["contracts"]
    return next(one for one in found if one["name"].startswith(beginning))


def test_the_apps_of_the_product_are_found() -> None:
    assert {"accounts", "operations", "tenants", "services", "diagnosis", "observer"} <= set(APPS)


@pytest.mark.parametrize("app", APPS)
def test_an_app_is_named_in_every_list_of_pyproject(app: str) -> None:
    assert [where for where, named in lists_of_apps(app) if app not in named] == [], (
        "lists of pyproject.toml without it"
    )


def lists_of_apps(app: str) -> Iterator[tuple[str, list[str]]]:
    """The lists in which an app must stand, by what they are called there."""
    layers = contract("Apps depend downwards only")["layers"]
    yield "tool.mypy: files", TOOLS["mypy"]["files"]
    yield "tool.importlinter: root_packages", TOOLS["importlinter"]["root_packages"]
    if app == "sandbox":
        return
    yield "Apps depend downwards only: layers", [name.strip() for layer in layers for name in layer.split("|")]
    yield "Nothing of the product imports the sandbox", contract("Nothing of the product imports")["source_modules"]
    yield "Vendor libraries: source_modules", contract("Vendor libraries")["source_modules"]
    if app not in LAYERED_OTHERWISE:
        yield "Inside every app: containers", contract("Inside every app")["containers"]
    if app not in MAY_KNOW_THE_RULES:
        yield "Rules of the diagnosis: forbidden_modules", contract("Rules of the diagnosis")["forbidden_modules"]
