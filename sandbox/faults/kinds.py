"""What a fault is, and what one is that has been switched on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.gitops import Set
from sandbox.controllers.kinds import Kind
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


def fits(container: Container) -> str:
    return ""


def without_probes(container: Container) -> str:
    if any(container.get(f"{probe}Probe") for probe in ("startup", "liveness", "readiness")):
        return ""
    return "It has no health check, so nobody would notice; give it a health check path first."


def without_readiness(container: Container) -> str:
    return "" if container.get("readinessProbe") else "It has no readiness check; give it a health check path first."


def without_liveness(container: Container) -> str:
    return "" if container.get("livenessProbe") else "It has no liveness check; give it a health check path first."


@dataclass(frozen=True, slots=True)
class Fault:
    """`change` is what it does to the program in the container; `defaults` reads the settings that were left out
    from the container it is added to. `settings` says what may be set, with a word on each.

    `refusal` names how the registry answers pulls of the image instead (see sandbox.registry.REFUSALS). A fault that
    only a new pod meets `replaces_pods`: the service's pods are put off their nodes once, as a drain does. `edits` are
    committed to the service's values file. `unfit` says why a container cannot show the fault, empty where it can;
    `needs` is a kind of object without which the service cannot.
    """

    name: str
    description: str
    mended_by: str
    settings: Mapping[str, str]
    change: Callable[[Program, Settings], Program] = unchanged
    defaults: Callable[[Container], dict[str, Any]] = nothing
    refusal: str = ""
    replaces_pods: bool = False
    edits: tuple[Set, ...] = ()
    unfit: Callable[[Container], str] = fits
    needs: Kind | None = None


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
