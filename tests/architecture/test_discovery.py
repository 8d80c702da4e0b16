"""An app that is only added to INSTALLED_APPS gets its tools, endpoints, admin pages and rights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.test_patterns import ROOT

FILES = {
    "__init__.py": "",
    "models.py": """
from django.db import models

class Wall(models.Model):
    name = models.CharField(max_length=63)
""",
    "admin.py": """
from django.contrib.admin import ModelAdmin, register
from core.admin import site
from walls.models import Wall

@register(Wall, site=site)
class WallAdmin(ModelAdmin):
    list_display = ("name",)
""",
    "tools.py": '''
from pydantic import BaseModel
from core.tool import Answer, tool

class Chosen(BaseModel):
    wall: str

@tool("mctl_get_wall", "Get a wall", Chosen, {"colour": "string"})
def get_wall(actor, asked):
    """The colour of a wall."""
    return Answer({"colour": "red"}, "It is red.")
''',
    "api.py": """
from django.http import JsonResponse
from ninja import Router
from core.gate import gate

router = Router(tags=["walls"])

@gate("walls.wall")
@router.get("/walls/{name}", summary="One wall", operation_id="getWall")
def wall(request, name: str):
    return JsonResponse({"name": name})
""",
    "rights.py": """
from integrations.kubernetes.kinds import Kind
from integrations.kubernetes.rights import Right

RIGHTS = (Right(Kind("walls", "paint.example.dev", "v1", "Wall"), ("list",), "walls"),)
""",
}
SETTINGS = """
from mctl.settings import *
INSTALLED_APPS = ["walls", *INSTALLED_APPS]
"""
ASKED = """
import json, django
django.setup()
from django.urls import reverse
from mcp_server.catalogue import catalogue
from mctl.api_document import document
from mctl.api_v1 import api
from mctl.rights import needed_rights
print(json.dumps({
    "admin": reverse("admin:walls_wall_changelist"),
    "endpoint": reverse("v1:wall", kwargs={"name": "north"}),
    "documented": list(document(api)["paths"]["/api/v1/walls/{name}"]),
    "tool": catalogue()["mctl_get_wall"].description,
    "right": [right.purpose for right in needed_rights() if right.resource == "walls"],
}))
"""


@pytest.fixture
def walls(tmp_path: Path) -> Path:
    """An app outside the tree, and settings that differ by its name alone."""
    (tmp_path / "walls").mkdir()
    for name, text in FILES.items():
        (tmp_path / "walls" / name).write_text(text)
    (tmp_path / "settings_with_walls.py").write_text(SETTINGS)
    return tmp_path


def test_an_installed_app_is_found_by_its_module_names(walls: Path) -> None:
    path = os.pathsep.join([str(ROOT), str(walls)])
    environment = {**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "settings_with_walls"}
    command = [sys.executable, "-c", ASKED]

    done = subprocess.run(command, cwd=walls, env=environment, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {
        "admin": "/admin/walls/wall/",
        "endpoint": "/api/v1/walls/north",
        "documented": ["get"],
        "tool": "The colour of a wall.",
        "right": ["walls"],
    }
