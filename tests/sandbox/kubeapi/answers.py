"""The table of requests in `real_answers/`: how a row is sent, and what of the answer is compared.

A row sends a valid object of `bases.yaml` with some members changed, or names a method and a path of its own. Its
`answer` is what kube-apiserver 1.36.2 said; an ellipsis in a message stands for what differs between two runs.
"""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.kubeapi.api import Answer, Api

FOLDER = Path(__file__).parent / "real_answers"
THEMES = sorted(file.stem for file in FOLDER.glob("*.yaml") if file.stem != "bases")
ANYTHING = "…"
_MEDIA = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
_LONG = "{long:"
_BASES = yaml.safe_load((FOLDER / "bases.yaml").read_text())
_numbers = itertools.count(1)
Row = dict[str, Any]


def rows_of(theme: str) -> list[Row]:
    rows: list[Row] = yaml.safe_load((FOLDER / f"{theme}.yaml").read_text())
    return rows


def ask(api: Api, row: Row) -> dict[str, Any]:
    """Sends the row in a namespace of its own; answers what the table holds of the server's answer."""
    api.namespace = f"row-{next(_numbers)}"
    made = {"metadata": {"name": api.namespace, "labels": row.get("namespace", {})}}
    assert api.send("POST", "/api/v1/namespaces", made).status == 201
    for step in row.get("given", ()):
        given = _send(api, {"send": step} if isinstance(step, str) else step)
        assert given.status < 300, given.body
    return _facts(_send(api, row), api.namespace, row.get("shows", ()))


def _send(api: Api, step: Row) -> Answer:
    base = _BASES.get(step.get("send"), {})
    body = _changed(copy.deepcopy(step.get("body", base.get("body"))), step)
    method, path = step.get("method", "POST"), step.get("path")
    if path is None:
        group_version, _, plural = base["path"].rpartition("/")
        path = f"{group_version}/namespaces/{{namespace}}/{plural}"
        if method != "POST":
            path += f"/{step.get('name') or _name(base['body'] if 'body' in step else body)}"
    path = f"/{'api' if path.startswith('v1/') else 'apis'}/{path.replace('{namespace}', api.namespace)}"
    query, media = step.get("query", {}), step.get("media", "application/json")
    if method == "APPLY":
        method, media, query = "PATCH", "apply", {"fieldManager": "table", **query}
    sent: Any = step.get("raw", None if method == "GET" else _filled(body, api.namespace))
    if media == "apply":
        sent = yaml.safe_dump(sent)
    return api.send(method, path, sent, media=_MEDIA.get(media, media), **query)


def _name(body: Row) -> str:
    name: str = body["metadata"]["name"]
    return name


def _changed(body: Any, step: Row) -> Any:
    for path, value in step.get("with", {}).items():
        holder, last = _holder(body, path)
        holder[last] = value
    for path in step.get("without", ()):
        holder, last = _holder(body, path)
        del holder[last]
    return body


def _holder(body: Any, path: str) -> tuple[Any, Any]:
    """What holds the member at a dotted path, and the member's key or index."""
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        body = body[step] if isinstance(step, int) else body.setdefault(step, {})
    return body, last


def _filled(value: Any, namespace: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(member, namespace) for key, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, namespace) for member in value]
    if isinstance(value, str) and value.startswith(_LONG):
        return "a" * int(value.removeprefix(_LONG).removesuffix("}"))
    return value.replace("{namespace}", namespace) if isinstance(value, str) else value


def _facts(answer: Answer, namespace: str, shown: list[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {"code": answer.status}
    body = _first_event(answer.body)
    if isinstance(body, dict) and body.get("status") == "Failure":
        facts |= {"reason": body.get("reason", ""), "message": body["message"].replace(namespace, "{namespace}")}
        causes = (body.get("details") or {}).get("causes") or ()
        if causes:
            # The real server runs some checks twice, and then names a cause twice.
            told = (f"{cause.get('reason', '')} {cause.get('field', '')}".strip() for cause in causes)
            facts["causes"] = list(dict.fromkeys(told))
    warnings = answer.headers.getlist("Warning")
    if warnings:
        facts["warnings"] = [
            json.loads(one.removeprefix("299 - ")).replace(namespace, "{namespace}") for one in warnings
        ]
    if shown:
        facts["shows"] = {path: _at(body, path) for path in shown}
    return facts


def _first_event(body: Any) -> Any:
    """A watch that fails says so in its first event."""
    if isinstance(body, dict) and body.get("type") == "ERROR":
        return body["object"]
    return body


def _at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body


def fits(expected: dict[str, Any], answered: dict[str, Any]) -> bool:
    """Whether an answer is the recorded one. Only messages and warnings have parts that differ between runs."""
    plain = {key: value for key, value in expected.items() if key not in ("message", "warnings")}
    if plain != {key: value for key, value in answered.items() if key not in ("message", "warnings")}:
        return False
    wanted, got = expected.get("warnings", []), answered.get("warnings", [])
    return (
        _text_fits(expected.get("message", ""), answered.get("message", ""))
        and len(wanted) == len(got)
        and all(map(_text_fits, wanted, got))
    )


def _text_fits(pattern: str, text: str) -> bool:
    first, *rest = pattern.split(ANYTHING)
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at == len(text) or (bool(rest) and not rest[-1])
