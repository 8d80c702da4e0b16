"""What every remedy promises: an operation that is declared and takes these parameters, or a tool that is there."""

from collections.abc import Iterator
from functools import cache

from core.discovery import app_modules
from core.tool import Tool, tools_of
from diagnosis.rules import Diagnosis, Finding, Remedy
from operations.registry import definitions


@cache
def tools() -> dict[str, Tool]:
    return {tool.name: tool for module in app_modules("tools") for tool in tools_of(module)}


def remedies(found: Diagnosis) -> Iterator[Remedy]:
    def below(finding: Finding) -> Iterator[Remedy]:
        yield from finding.remedies
        for consequence in finding.consequences:
            yield from below(consequence)

    for finding in found.findings:
        yield from below(finding)


def assert_offers(found: Diagnosis) -> None:
    for remedy in remedies(found):
        assert remedy.label
        if remedy.operation:
            definitions()[remedy.operation].parameters.model_validate(dict(remedy.params))
        if remedy.tool:
            tools()[remedy.tool].parameters.model_validate(dict(remedy.params))
