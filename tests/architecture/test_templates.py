"""A template stands in the folder of the app that renders it, and something renders it."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from tests.architecture.test_patterns import PRODUCT

ROOT = Path(__file__).resolve().parents[2]
APPS = sorted((*PRODUCT, "sandbox"))
# Django's own admin looks in a folder of that name.
SHARED = ("admin", "components")
NAMED = re.compile(r'"((?:\w+/)*\w+\.html)"')


def test_folders_are_named_after_apps() -> None:
    folders = {path.name for path in (ROOT / "templates").iterdir() if path.is_dir()}
    assert folders - {*APPS, *SHARED} == set(), "templates/ has a folder for each app that renders some, and no other"


@pytest.mark.parametrize("app", APPS)
def test_an_app_renders_templates_of_its_own_folder(app: str) -> None:
    named = {name for path in (ROOT / app).rglob("*.py") for name in NAMED.findall(path.read_text())}
    # The home page is declared where every app can add to it, and shown by the project.
    named -= {"mctl/home.html", "mctl/_home.html"} if app == "core" else set()
    assert {name for name in named if name.split("/")[0] not in {app, "components"}} == set()


def test_every_template_is_used_beyond_the_styleguide() -> None:
    texts = [path.read_text() for path in (ROOT / "templates").rglob("*.html") if "_styleguide" not in path.name]
    texts += [path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")]
    named = {name for text in texts for name in NAMED.findall(text)}
    drawn = {str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.html")}
    # Opened by a script where something must be confirmed by typing; nothing that is offered today must be.
    drawn.remove("components/dialog.html")
    assert {name for name in drawn - named if "_styleguide" not in name and not name.startswith("admin/")} == set()


def test_pages_are_sent_without_the_indentation_of_their_templates() -> None:
    source = (ROOT / "templates" / "services" / "_list.html").read_text()
    sent = get_template("services/_list.html").template.source
    assert sent.split("\n") == [line.lstrip() for line in source.split("\n")]
