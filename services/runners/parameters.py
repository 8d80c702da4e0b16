"""What the operations of a service take, at every door: page, REST, MCP and terminal read these models."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from core.actor import Decision
from core.names import (
    BlankIsNone,
    CommitId,
    CpuQuantity,
    Environment,
    HostName,
    ImageRepository,
    ImageTag,
    MemoryQuantity,
    Port,
    ProbePath,
    ServiceName,
    TenantName,
    Words,
)
from core.parse import field_error
from core.quantity import amount
from core.resource_names import pair_problem
from services import policies

NO_HOST = "none"
DEFAULT_HOST = "auto"
# What a limit may not fall below.
REQUEST_OF = {"cpu_limit": "cpu_request", "memory_limit": "memory_request"}


class Action(NamedTuple):
    """One thing that an operation does: who may do it, the first line of its commit, and a few words for people."""

    rule: Callable[..., Decision]
    subject: str
    summary: str


class ServiceParameters(BaseModel):
    """The service an operation changes, by one edit of its values file.

    `operation` is the declaration's name. `actions` has one entry for each value of the parameter `action`, or a
    single one under "" where there is no such parameter.
    """

    operation: ClassVar[str]
    actions: ClassVar[Mapping[str, Action]]
    model_config = ConfigDict(extra="forbid")

    team_name: TenantName = Field(description="the tenant that owns the service")
    component_name: ServiceName = Field(description="the service")

    @property
    def does(self) -> Action:
        return self.actions[getattr(self, "action", "")]

    @model_validator(mode="after")
    def names_fit_together(self) -> Self:
        if problem := pair_problem(self.team_name, self.component_name):
            raise field_error("component_name", problem)
        return self


class SizedParameters(ServiceParameters):
    """How many pods there are and what each may take."""

    replicas: Annotated[int | None, BlankIsNone] = Field(None, ge=0, le=100, description="number of pods", examples=[2])
    cpu_request: Annotated[CpuQuantity | None, BlankIsNone] = Field(
        None, description="CPU the scheduler sets aside per pod", examples=["100m"]
    )
    cpu_limit: Annotated[CpuQuantity | None, BlankIsNone] = Field(
        None, description="CPU a pod may use", examples=["500m"]
    )
    memory_request: Annotated[MemoryQuantity | None, BlankIsNone] = Field(
        None, description="memory the scheduler sets aside per pod", examples=["128Mi"]
    )
    memory_limit: Annotated[MemoryQuantity | None, BlankIsNone] = Field(
        None, description="memory above which a pod is killed", examples=["512Mi"]
    )

    @field_validator(*REQUEST_OF)
    @classmethod
    def no_limit_below_its_request(cls, limit: str | None, info: ValidationInfo) -> str | None:
        request = info.data.get(REQUEST_OF[str(info.field_name)])
        if limit and request and amount(limit) < amount(request):
            raise ValueError(f"The limit of {limit} is below the request of {request}. Give at least the request.")
        return limit

    def resources(self) -> dict[tuple[str, str], str]:
        """`{("limits", "memory"): "512Mi", ...}` of what was given."""
        given = {
            ("requests", "cpu"): self.cpu_request,
            ("limits", "cpu"): self.cpu_limit,
            ("requests", "memory"): self.memory_request,
            ("limits", "memory"): self.memory_limit,
        }
        return {path: quantity for path, quantity in given.items() if quantity is not None}


class DeployServiceParameters(SizedParameters):
    """`action` decides which fields count: onboard writes a new values file, deploy changes the image (and
    environment where given), update-config changes everything but the image."""

    operation: ClassVar[str] = "deploy-service"
    actions: ClassVar[Mapping[str, Action]] = {
        "onboard": Action(policies.may_onboard, "feat: onboard {target} ({tag})", "Add {service} {tag}"),
        "deploy": Action(policies.may_deploy, "deploy: {target} -> {tag}", "Deploy {service} {tag}"),
        "update-config": Action(policies.may_configure, "config: {target}", "Configure {service}"),
    }

    action: Literal["onboard", "deploy", "update-config"] = Field(
        description="onboard: a new service; deploy: a new version; update-config: settings only", examples=["deploy"]
    )
    component_type: Literal["base-service", "worker-service"] = Field(
        "base-service",
        description="base-service answers HTTP; worker-service gets no ingress",
        examples=["base-service"],
    )
    image_repository: Annotated[ImageRepository | None, BlankIsNone] = Field(
        None,
        description="image without tag; needed to onboard",
        examples=["ghcr.io/acme/checkout-web"],
        validate_default=True,
    )
    image_tag: Annotated[ImageTag | None, BlankIsNone] = Field(
        None,
        description="the version to run; tags are case-sensitive",
        examples=["1.4.2"],
        validate_default=True,
    )
    port: Annotated[Port | None, BlankIsNone] = Field(
        None, description="the port the program listens on (onboard default 8080)", examples=[8080]
    )
    host: Annotated[HostName | Literal["auto", "none"] | None, BlankIsNone] = Field(
        None, description="public host; auto for the default host, none for no ingress", examples=["auto"]
    )
    env_vars: Environment = Field(
        default_factory=dict,
        description="plain environment variables to set, as a map or one KEY=value a line; the others stay",
        examples=[{"LOG_LEVEL": "info"}],
    )
    unset_env: Words = Field(
        default_factory=list, description="variables to remove, names only", examples=[["OLD_FLAG"]]
    )
    secret_env_vars: Environment = Field(
        default_factory=dict,
        description="refused for now: no Vault is connected that secret variables could be written to",
        examples=[{"API_TOKEN": "..."}],
        json_schema_extra={"secret": True},
    )
    health_check_path: Annotated[ProbePath | None, BlankIsNone] = Field(
        None, description="path of liveness and readiness probe (default /healthz and /readyz)", examples=["/healthz"]
    )
    skip_health_check: bool = Field(False, description="run without probes", examples=[False])
    startup_time_s: Annotated[int | None, BlankIsNone] = Field(
        None,
        ge=0,
        le=3600,
        description="seconds the program may take to start before its health check counts; 0 for no startup probe",
        examples=[300],
    )

    @model_validator(mode="after")
    def no_variable_set_and_removed(self) -> Self:
        both = [name for name in self.unset_env if name in self.env_vars]
        if both:
            raise field_error("unset_env", f"{both[0]} is both set and removed. Name it once.")
        return self

    @field_validator("image_repository", "image_tag")
    @classmethod
    def image_of_the_action(cls, value: str | None, info: ValidationInfo) -> str | None:
        action = info.data.get("action")
        if info.field_name == "image_repository":
            if action == "onboard" and not value:
                raise ValueError("A new service needs its image.")
        elif action in {"onboard", "deploy"} and not value:
            raise ValueError("Name the version to run.")
        elif action == "update-config" and value:
            raise ValueError("update-config leaves the image alone; use the action deploy.")
        return value


class ScaleServiceParameters(SizedParameters):
    """Either a fixed number of pods, or autoscaling between a minimum and a maximum; and the size of a pod."""

    operation: ClassVar[str] = "scale-service"
    actions: ClassVar[Mapping[str, Action]] = {
        "": Action(policies.may_scale, "scale: {target} -> {size}", "Scale {service}{to}{size}"),
    }

    autoscaling_enabled: Annotated[bool | None, BlankIsNone] = Field(
        None, description="whether the load decides how many pods run; as it is where left out", examples=[True]
    )
    min_replicas: Annotated[int | None, BlankIsNone] = Field(
        None, ge=1, le=100, description="fewest pods with autoscaling", examples=[2]
    )
    max_replicas: Annotated[int | None, BlankIsNone] = Field(
        None, ge=1, le=100, description="most pods with autoscaling", examples=[6]
    )
    cpu_threshold: Annotated[int | None, BlankIsNone] = Field(
        None, ge=1, le=100, description="percent of the requested CPU above which pods are added", examples=[80]
    )

    def limits(self) -> dict[str, int]:
        """What was given of autoscaling, by the chart's names."""
        given = {
            "minReplicas": self.min_replicas,
            "maxReplicas": self.max_replicas,
            "targetCPUUtilizationPercentage": self.cpu_threshold,
        }
        return {key: value for key, value in given.items() if value is not None}


class RollbackServiceParameters(ServiceParameters):
    """With neither: to the version that ran before the one in git now."""

    operation: ClassVar[str] = "rollback-service"
    actions: ClassVar[Mapping[str, Action]] = {
        "": Action(policies.may_roll_back, "rollback: {target} -> {tag}", "Roll back {service} to {tag}"),
    }

    target_tag: Annotated[ImageTag | None, BlankIsNone] = Field(
        None, description="the version to return to; it must have run before", examples=["1.4.1"]
    )
    revision: Annotated[CommitId | None, BlankIsNone] = Field(
        None,
        description="a commit in git: the whole values file returns to how it stood there, settings included",
        examples=["4be07d1"],
    )

    @model_validator(mode="after")
    def one_target(self) -> Self:
        if self.target_tag and self.revision:
            raise field_error("revision", "Give either a version or a commit to return to.")
        return self
