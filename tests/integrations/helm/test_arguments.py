"""What people name never becomes a flag of the helm program."""

from pathlib import Path

import pytest

from integrations.errors import Refused
from integrations.helm import RenderJob, render_many

FLAGS = ["--post-renderer=/bin/sh", "-f/etc/passwd", "--kube-apiserver=http://evil", "--", "-"]


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("place", ["release", "namespace"])
def test_a_name_with_a_leading_dash_never_reaches_the_program(flag: str, place: str) -> None:
    with pytest.raises(Refused, match="cannot begin with a dash"):
        RenderJob(Path("/chart"), **{"release": "a", "namespace": "b", place: flag})


def test_values_reach_the_program_as_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's place is taken by a script that shows what it was given."""
    (tmp_path / "helm").write_text(
        '#!/bin/sh\nprintf "apiVersion: v1\\nkind: Seen\\nargs: |\\n"\nfor a in "$@"; do echo "  $a"; done\n'
    )
    (tmp_path / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (objects,) = render_many([RenderJob(tmp_path, "a", "b", ("--post-renderer: /bin/sh\n", "$(id)\n"))])
    assert not isinstance(objects, Exception)
    arguments = str(objects[0]["args"]).split("\n")
    assert [one for one in arguments if one.startswith("-")] == ["--namespace", "--values", "--values"]
    assert "post-renderer" not in str(objects)
    assert "$(id)" not in str(objects)
