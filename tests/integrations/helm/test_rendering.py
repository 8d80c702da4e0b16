"""Rendering by the real Helm, in a process that may loop, grow or die without harm."""

import shutil
import stat
import sys
from pathlib import Path

import pytest

from integrations import helm
from integrations.errors import Refused, Unreachable
from integrations.helm import RenderJob, render, render_many, rendering

pytestmark = pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("a: {b: default, c: kept}\nn: 1\n")
    (folder / "templates" / "config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\n"
        "metadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\n"
        "data:\n  b: {{ .Values.a.b | quote }}\n  c: {{ .Values.a.c | quote }}\n  day: {{ .Values.day }}\n"
    )
    return folder


def add_template(chart: Path, text: str) -> None:
    (chart / "templates" / "more.yaml").write_text(text)


def rendered(chart: Path, *values: str) -> list[dict[str, object]]:
    return render(chart, release="labs-echo", namespace="labs", values=values)


def test_later_values_win_key_by_key(chart: Path) -> None:
    (config,) = rendered(chart, "a: {b: first}", "a: {b: second}")
    assert config["data"] == {"b": "second", "c": "kept", "day": None}
    assert config["metadata"] == {"name": "labs-echo", "namespace": "labs"}


def test_dates_stay_text(chart: Path) -> None:
    (config,) = rendered(chart, "day: 2026-01-01")
    assert config["data"]["day"] == "2026-01-01"  # type: ignore[index]


def test_objects_come_in_the_order_of_installation(chart: Path) -> None:
    add_template(
        chart,
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
    )
    assert [item["kind"] for item in rendered(chart)] == ["Namespace", "ConfigMap", "Service"]


def test_a_chart_that_refuses_names_template_line_and_reason(chart: Path) -> None:
    add_template(chart, '\n{{ required "a tag is missing" .Values.tag }}\n')
    with pytest.raises(Refused, match="a tag is missing") as refusal:
        rendered(chart)
    assert refusal.value.facts["template"].endswith("templates/more.yaml")
    assert refusal.value.facts["line"] == 2


@pytest.mark.parametrize("template", ["{{ .Values.a.b.c.d }}", "{{ if }}", "kind: Service", "just text", "a: [1"])
def test_templates_that_fail_are_refused(chart: Path, template: str) -> None:
    add_template(chart, template)
    with pytest.raises(Refused):
        rendered(chart)


def test_a_reason_that_is_cut_in_a_password_does_not_show_it(chart: Path) -> None:
    address = "postgres://app:hunter22longer@db:5432"
    add_template(chart, f'{{{{ fail "{"x " * 388}{address}" }}}}')

    with pytest.raises(Refused) as refusal:
        rendered(chart)
    assert "x x" in refusal.value.facts["reason"]
    assert "hunter22" not in str(refusal.value.as_dict())


def test_values_that_are_not_yaml_are_refused(chart: Path) -> None:
    with pytest.raises(Refused):
        rendered(chart, "a: [1")


def test_one_refusal_leaves_the_others(chart: Path) -> None:
    jobs = [
        RenderJob(chart, "one", "labs"),
        RenderJob(chart, "two", "labs", ("a: [",)),
        RenderJob(chart, "three", "labs"),
    ]
    first, second, third = render_many(jobs)
    assert isinstance(first, list)
    assert isinstance(second, Refused)
    assert isinstance(third, list)


def test_a_template_that_never_ends_is_killed_and_the_others_are_rendered(
    chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enough for the other two on a crowded machine.
    monkeypatch.setattr(rendering, "TIMEOUT_S", 5.0)
    endless = tmp_path / "endless"
    shutil.copytree(chart, endless)
    loop = "".join("{{ range until 9999 }}" for _ in range(6)) + "x" + "{{ end }}" * 6
    add_template(endless, loop)
    jobs = [RenderJob(chart, "one", "labs"), RenderJob(endless, "two", "labs"), RenderJob(chart, "three", "labs")]
    first, second, third = render_many(jobs)
    assert isinstance(second, Refused)
    assert "longer than 5 s" in second.sentence or "memory" in second.sentence
    assert isinstance(first, list)
    assert isinstance(third, list)


def test_a_template_that_fills_memory_dies_alone(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MEMORY_BYTES", 1024**3)
    add_template(chart, '{{ $s := "xxxxxxxxxxxxxxxx" }}{{ range until 40 }}{{ $s = print $s $s }}{{ end }}')
    with pytest.raises(Refused, match="memory"):
        rendered(chart)


def test_without_an_engine_rendering_is_unreachable_and_says_what_to_install(
    chart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "helm_python", None)
    with pytest.raises(Unreachable) as refusal:
        rendered(chart)
    assert "helm" in refusal.value.remedy


def test_a_helm_program_on_the_path_is_asked_with_a_list_of_arguments(
    chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program's own place is taken by a script that shows what it was given."""
    program = tmp_path / "bin" / "helm"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nprintf "apiVersion: v1\\nkind: Seen\\nargs: |\\n"\nfor a in "$@"; do echo "  $a"; done\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    (seen,) = render(chart, release="a", namespace="$(reboot)", values=["a: 1"])
    arguments = str(seen["args"]).split("\n")
    assert arguments[:5] == ["template", "a", str(chart), "--namespace", "$(reboot)"]
    assert arguments[5] == "--values"


def test_the_engine_is_never_loaded_into_this_process(chart: Path) -> None:
    rendered(chart)
    assert "helm_python" not in sys.modules
