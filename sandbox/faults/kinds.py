"""What a fault is, and what one is that has been switched on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.registry import Program

Settings = Mapping[str, Any]
Container = Mapping[str, Any]
TAG = "the version it concerns; all of them when left out"


class FaultError(ValueError):
    """The fault, service or setting named does not exist; the text says which do."""


def unchanged(program: Program, settings: Settings) -> Program:
    return program


def nothing(container: Container) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Fault:
    """`change` is what it does to the program in the container; `defaults` reads the settings that were left out
    from the container it is added to. `settings` says what may be set, with a word on each.

    `refusal` names how the registry answers pulls of the image instead (see sandbox.registry.REFUSALS). A fault that
    only a new pod meets `replaces_pods`: the service's pods are put off their nodes once, as a drain does.
    """

    name: str
    description: str
    mended_by: str
    settings: Mapping[str, str]
    change: Callable[[Program, Settings], Program] = unchanged
    defaults: Callable[[Container], dict[str, Any]] = nothing
    refusal: str = ""
    replaces_pods: bool = False


@dataclass(frozen=True, slots=True)
class ActiveFault:
    tenant: str
    service: str
    fault: Fault
    settings: Settings

    @property
    def key(self) -> str:
        return f"{self.tenant}.{self.service}.{self.fault.name}"

    def concerns(self, program: Program) -> bool:
        """Bound to a tag, it concerns that version only."""
        return self.concerns_tag(program.version)

    def concerns_tag(self, tag: str) -> bool:
        bound = self.settings.get("image_tag")
        return bound is None or str(bound) == tag


def tag_of(image: str) -> str:
    _, colon, tag = image.partition("@")[0].rpartition(":")
    return tag if colon and "/" not in tag else "latest"


def this_version(container: Container) -> dict[str, Any]:
    return {"image_tag": tag_of(str(container["image"]))}
