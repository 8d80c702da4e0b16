"""What deploy-service takes, at every door: the page's form, REST, MCP and the terminal read this one model."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.names import (
    LONGEST_PAIR,
    BlankIsNone,
    Environment,
    HostName,
    ImageRepository,
    ImageTag,
    Port,
    ProbePath,
    Quantity,
    ServiceName,
    TenantName,
    Words,
)
from core.parse import field_error

NO_HOST = "none"
DEFAULT_HOST = "auto"


class DeployServiceParameters(BaseModel):
    """`action` decides which fields count: onboard writes a new values file, deploy changes the image (and
    environment where given), update-config changes everything but the image."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["onboard", "deploy", "update-config"] = Field(
        description="onboard: a new service; deploy: a new version; update-config: settings only", examples=["deploy"]
    )
    team_name: TenantName = Field(description="the tenant that owns the service")
    component_name: ServiceName = Field(description="the service")
    component_type: Literal["base-service", "worker-service"] = Field(
        "base-service",
        description="base-service answers HTTP; worker-service gets no ingress",
        examples=["base-service"],
    )
    image_repository: Annotated[ImageRepository | None, BlankIsNone] = Field(
        None, description="image without tag; needed to onboard", examples=["ghcr.io/acme/checkout-web"]
    )
    image_tag: Annotated[ImageTag | None, BlankIsNone] = Field(
        None, description="the version to run; tags are case-sensitive", examples=["1.4.2"]
    )
    port: Annotated[Port | None, BlankIsNone] = Field(
        None, description="the port the program listens on (onboard default 8080)", examples=[8080]
    )
    host: Annotated[HostName | Literal["auto", "none"] | None, BlankIsNone] = Field(
        None, description="public host; auto for the default host, none for no ingress", examples=["auto"]
    )
    env_vars: Environment = Field(
        default_factory=dict,
        description="plain environment variables to set, as a map or lines KEY=value; the others stay",
        examples=[{"LOG_LEVEL": "info"}],
    )
    unset_env: Words = Field(
        default_factory=list, description="variables to remove, names only", examples=[["OLD_FLAG"]]
    )
    secret_env_vars: Environment = Field(
        default_factory=dict,
        description="secret environment variables, written to Vault and nowhere else",
        examples=[{"API_TOKEN": "..."}],
        json_schema_extra={"secret": True},
    )
    replicas: Annotated[int | None, BlankIsNone] = Field(None, ge=0, le=100, description="number of pods", examples=[2])
    health_check_path: Annotated[ProbePath | None, BlankIsNone] = Field(
        None, description="path of liveness and readiness probe (default /healthz and /readyz)", examples=["/healthz"]
    )
    skip_health_check: bool = Field(False, description="run without probes", examples=[False])
    cpu_request: Annotated[Quantity | None, BlankIsNone] = Field(
        None, description="CPU the scheduler sets aside per pod", examples=["100m"]
    )
    cpu_limit: Annotated[Quantity | None, BlankIsNone] = Field(None, description="CPU a pod may use", examples=["500m"])
    memory_request: Annotated[Quantity | None, BlankIsNone] = Field(
        None, description="memory the scheduler sets aside per pod", examples=["128Mi"]
    )
    memory_limit: Annotated[Quantity | None, BlankIsNone] = Field(
        None, description="memory above which a pod is killed", examples=["512Mi"]
    )

    @model_validator(mode="after")
    def fields_of_the_action(self) -> Self:
        if self.action == "onboard" and not self.image_repository:
            raise field_error("image_repository", "A new service needs its image.")
        if self.action in {"onboard", "deploy"} and not self.image_tag:
            raise field_error("image_tag", "Name the version to run.")
        if self.action == "update-config" and self.image_tag:
            raise field_error("image_tag", "update-config leaves the image alone; use the action deploy.")
        if len(self.team_name) + 1 + len(self.component_name) > LONGEST_PAIR:
            sentence = f"Tenant and service together may have {LONGEST_PAIR - 1} characters: hosts are built from both."
            raise field_error("component_name", sentence)
        return self

    def resources(self) -> dict[tuple[str, str], str]:
        """`{("limits", "memory"): "512Mi", ...}` of what was given."""
        given = {
            ("requests", "cpu"): self.cpu_request,
            ("limits", "cpu"): self.cpu_limit,
            ("requests", "memory"): self.memory_request,
            ("limits", "memory"): self.memory_limit,
        }
        return {path: quantity for path, quantity in given.items() if quantity is not None}
