"""Every app of the product stands under every contract: one that a list forgets would go unchecked."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
APPS = sorted(one.name for one in apps.get_app_configs() if (ROOT / one.name / "apps.py").exists())
# They have layers of their own, or hold no business code.
LAYERED_OTHERWISE = {"core", "mctl", "observer", "sandbox"}


def contract(beginning: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = TOOLS["importlinter"]["contracts"]
    return next(one for one in found if one["name"].startswith(beginning))


def test_the_apps_of_the_product_are_found() -> None:
    assert {"accounts", "operations", "tenants", "services", "diagnosis", "observer"} <= set(APPS)


@pytest.mark.parametrize("app", APPS)
def test_an_app_is_typed_and_stands_in_the_layers(app: str) -> None:
    layers = [name.strip() for layer in contract("Apps depend downwards only")["layers"] for name in layer.split("|")]
    assert app in TOOLS["mypy"]["files"]
    assert app in TOOLS["importlinter"]["root_packages"]
    assert app in layers or app == "sandbox"
    assert app in contract("Inside every app")["containers"] or app in LAYERED_OTHERWISE


@pytest.mark.parametrize("app", sorted({*APPS} - {"sandbox"}))
def test_no_app_reaches_a_vendor_or_the_sandbox(app: str) -> None:
    assert app in contract("Nothing of the product imports the sandbox")["source_modules"]
    assert app in contract("Vendor libraries")["source_modules"] or app == "mctl"
