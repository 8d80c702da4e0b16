"""Plans or starts an operation from a terminal: `operate deploy-service action=deploy team_name=... --plan`."""

import getpass
import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.actor import Actor, Door
from core.errors import Problem
from operations import actions, queries
from operations.choices import OperationState, StepState
from operations.queries import OperationView
from operations.registry import actor_for

LOOK_EVERY_S = 0.2
LONGEST_VALUE = 1_000_000


class Command(BaseCommand):
    help = "Plan or start an operation: operate NAME key=value... A value @FILE is read from a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the operation, such as deploy-service")
        parser.add_argument("parameters", nargs="*", metavar="key=value", help="given twice, the values become lines")
        parser.add_argument("--plan", action="store_true", help="show what would change, and change nothing")
        parser.add_argument("--confirm", metavar="HASH", help="the hash of the plan that you looked at")
        parser.add_argument("--queue", action="store_true", help="wait behind an operation on the same target")
        parser.add_argument("--wait", action="store_true", help="follow it to its end; exit code 1 unless it succeeds")
        parser.add_argument(
            "--as", dest="person", metavar="PERSON", help="who acts; your login on this machine if left out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = self.actor(options["person"])
        try:
            parameters = parameters_from(options["parameters"])
            if options["plan"]:
                self.show_plan(actions.plan(actor, options["name"], parameters))
                return
            operation = actions.start(
                actor, options["name"], parameters, plan_hash=options["confirm"], queue_behind=options["queue"]
            )
        except Problem as problem:
            raise CommandError(in_lines(problem)) from None
        self.stdout.write(operation.public_id)
        if options["wait"]:
            self.follow(actor, operation.public_id)
        else:
            for step in queries.operation_view(actor, operation).steps:
                self.stdout.write(f"  {step.title}")

    def actor(self, person: str | None) -> Actor:
        """Anyone with a shell here may act as anybody; the audit names both."""
        login = getpass.getuser()
        return actor_for(person or login, door=Door.COMMAND, client=f"manage.py operate, {login}")

    def show_plan(self, plan: dict[str, Any]) -> None:
        shown = dict(plan)
        diff, objects = shown.pop("diff", ""), shown.pop("objects", [])
        self.stdout.write(diff or "No file changes.")
        for changed in objects:
            self.stdout.write(f"\n{changed['change']} {changed['kind']}/{changed['name']}\n{changed['diff']}")
        for key, value in shown.items():
            if value not in ("", None, []):
                self.stdout.write(
                    f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                )

    def follow(self, actor: Actor, public_id: str) -> None:
        said: dict[str, str] = {}
        while True:
            view = queries.operation_view(actor, queries.access_operation(actor, public_id))
            self.say_news(view, said)
            if not view.is_open:
                break
            time.sleep(LOOK_EVERY_S)
        self.stdout.write(view.headline)
        if view.state is not OperationState.SUCCEEDED:
            raise CommandError(f"{public_id} {view.state.label}.")

    def say_news(self, view: OperationView, said: dict[str, str]) -> None:
        for step in view.steps:
            line = f"{step.title}: {step.state.label}{f', {step.detail}' if step.detail else ''}"
            if step.state is not StepState.PENDING and said.get(step.name) != line:
                said[step.name] = line
                self.stdout.write(f"  {line}")


def parameters_from(pairs: list[str]) -> dict[str, Any]:
    """`["a=1", "b=@file"]` as a map; a key given twice collects lines, as environment variables are written."""
    parameters: dict[str, Any] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise CommandError(f"{pair!r} is not of the form key=value. Example: image_tag=1.4.2")
        text = from_file(value[1:]) if value.startswith("@") else value
        parameters[key] = f"{parameters[key]}\n{text}" if key in parameters else text
    return parameters


def from_file(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as file:
            return file.read(LONGEST_VALUE)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from None


def in_lines(problem: Problem) -> str:
    """Sentence, each refused field with its example, remedy."""
    lines = [problem.sentence]
    for field in problem.facts.get("fields", []):
        example = f" Example: {field['example']}" if field.get("example") else ""
        lines.append(f"  {field['field']}: {field['sentence']}{example}")
    return "\n".join([*lines, problem.remedy] if problem.remedy else lines)
