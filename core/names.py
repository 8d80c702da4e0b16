"""What people may type, as types: parsed once at the door, safe everywhere behind it.

Rules of names follow Kubernetes (RFC 1123 labels), tags the OCI distribution specification, environment variables
POSIX. Every refusal is a whole sentence with an example.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

LONGEST_NAME = 31
# Linux refuses a single environment string beyond this (MAX_ARG_STRLEN, 32 pages); the pod would never start.
LONGEST_ENV_ENTRY_BYTES = 131_071

NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
REPOSITORY = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
ENV_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
PROBE_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,200}")
AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?")
CPU = re.compile(rf"({AMOUNT.pattern})m?")
MEMORY = re.compile(rf"({AMOUNT.pattern})(k|M|G|T|Ki|Mi|Gi|Ti)")
COMMIT = re.compile(r"[0-9a-f]{7,40}")


def is_cluster_name(value: str) -> bool:
    """Whether a namespace or Service can have this name (RFC 1123 label). Addresses of pages are built from it."""
    return len(value) <= 63 and NAME.fullmatch(value) is not None


def is_host(value: str) -> bool:
    return HOST.fullmatch(value) is not None


def _name(value: str) -> str:
    if not NAME.fullmatch(value) or len(value) > LONGEST_NAME:
        raise ValueError(
            f"Use lower-case letters, digits and dashes, beginning and ending with a letter or digit, "
            f"at most {LONGEST_NAME} characters."
        )
    return value


def _tag(value: str) -> str:
    if value == "latest":
        raise ValueError("The tag latest does not say which image runs. Name a version.")
    if not TAG.fullmatch(value):
        raise ValueError("Use a tag of letters, digits, dots, dashes and underscores, without spaces or colons.")
    return value


def _repository(value: str) -> str:
    if not REPOSITORY.fullmatch(value):
        raise ValueError("Give registry, owner and image in lower case, without a tag.")
    return value


def _host(value: str) -> str:
    if "*" in value:
        raise ValueError("A wildcard would answer for other services too. Give one host name, in lower case.")
    if not is_host(value):
        raise ValueError("Give a host name with a domain, in lower case and without a final dot.")
    return value


def _probe_path(value: str) -> str:
    if not PROBE_PATH.fullmatch(value):
        raise ValueError("Give a path that begins with a slash, without spaces.")
    return value


def _cpu(value: str) -> str:
    found = CPU.fullmatch(value)
    if not found or float(found.group(1)) == 0:
        raise ValueError("Give cores, such as 0.5, or thousandths of a core, such as 500m, above zero.")
    return value


def _memory(value: str) -> str:
    if AMOUNT.fullmatch(value) and float(value) > 0:
        raise ValueError(f"{value} without a unit means {value} bytes. Give the unit, such as {value}Mi.")
    found = MEMORY.fullmatch(value)
    if not found or float(found.group(1)) == 0:
        raise ValueError("Give an amount above zero with its unit: Ki, Mi, Gi, or k, M, G.")
    return value


def _commit(value: str) -> str:
    if not COMMIT.fullmatch(value):
        raise ValueError("Give a commit's id: 7 to 40 of the digits 0 to 9 and a to f.")
    return value


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _environment(value: dict[str, str]) -> dict[str, str]:
    for key, text in value.items():
        if not ENV_KEY.fullmatch(key):
            raise ValueError(f"{key[:60]!r} is no variable name: use letters, digits and underscores, no digit first.")
        if "\0" in text:
            raise ValueError(f"The value of {key} holds a NUL character, which no environment can carry.")
        size = len(key.encode()) + 1 + len(text.encode(errors="surrogatepass"))
        if size > LONGEST_ENV_ENTRY_BYTES:
            raise ValueError(
                f"The value of {key} is {size:,} bytes; Linux starts no process with a variable above "
                f"{LONGEST_ENV_ENTRY_BYTES:,} bytes. Mount a file instead."
            )
        if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
            raise ValueError(f"The value of {key} is not valid Unicode text.")
    return value


def environment_from(value: Any) -> Any:
    """Accepts a map, or lines `KEY=value` as a form or a script sends them. A value may hold `=`, quotes, anything
    but a line break; give a map for values of several lines."""
    if not isinstance(value, str):
        return _as_text_map(value)
    variables: dict[str, str] = {}
    for line in value.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, separator, text = line.partition("=")
        if not separator:
            raise ValueError(f"The line {line[:60]!r} has no equals sign.")
        if key.strip() in variables:
            raise ValueError(f"{key.strip()[:60]!r} is given twice.")
        variables[key.strip()] = text
    return variables


def _as_text_map(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    texts = {True: "true", False: "false"}
    return {
        key: texts[item] if isinstance(item, bool) else str(item) if isinstance(item, int | float) else item
        for key, item in value.items()
    }


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _words(value: Any) -> Any:
    return [word for word in re.split(r"[\s,]+", value) if word] if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_words)]
BlankIsNone = BeforeValidator(_blank_is_none)
TenantName = Annotated[str, AfterValidator(_name), Field(examples=["payments"])]
ServiceName = Annotated[str, AfterValidator(_name), Field(examples=["checkout-web"])]
ImageTag = Annotated[str, AfterValidator(_tag), Field(examples=["1.4.2"])]
ImageRepository = Annotated[str, AfterValidator(_repository), Field(examples=["ghcr.io/acme/checkout-web"])]
HostName = Annotated[str, AfterValidator(_host), Field(examples=["shop.example.com"])]
ProbePath = Annotated[str, AfterValidator(_probe_path), Field(examples=["/healthz"])]
CpuQuantity = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(_cpu)]
MemoryQuantity = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(_memory)]
CommitId = Annotated[str, AfterValidator(_commit)]
Port = Annotated[int, Field(ge=1, le=65535, examples=[8080])]
Environment = Annotated[dict[str, str], BeforeValidator(environment_from), AfterValidator(_environment)]
