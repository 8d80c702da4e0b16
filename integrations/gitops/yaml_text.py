"""YAML as Helm and Kubernetes read it, which is neither PyYAML's default nor YAML 1.2.

Dates stay text, `1:30` stays text, `yes` and `on` are booleans only where PyYAML and Go agree. Duplicate keys are taken
as Helm takes them: the last one wins.
"""

import re
from typing import Any

import yaml

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_TAGS_KEPT = {
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:float",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:merge",
    "tag:yaml.org,2002:null",
}


class UnreadableYaml(ValueError):
    """`line` counts from 1; 0 where the parser named none."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.line = line


# Reads plain values only: a tag such as !!python is an error, a date is text.
Loader: Any = type("Loader", (_LOADER,), {})
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _TAGS_KEPT and not tag.endswith((":int", ":float"))]
    for first, resolvers in _LOADER.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^(?:[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$"),
    list("-+0123456789"),
)
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)


def _construct_int(loader: Any, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "").lower()
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    for prefix, base in (("0x", 16), ("0b", 2), ("0o", 8)):
        if digits.startswith(prefix):
            return sign * int(digits[2:], base)
    return sign * int(digits, 8 if len(digits) > 1 and digits.startswith("0") else 10)


def _construct_float(loader: Any, node: yaml.ScalarNode) -> float:
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)


def parse(text: str) -> Any:
    """The one document of `text`; None where it is empty. Raises UnreadableYaml."""
    documents = parse_all(text)
    if len(documents) > 1:
        raise UnreadableYaml("The file holds more than one YAML document.")
    return documents[0] if documents else None


def parse_all(text: str) -> list[Any]:
    """Every document of `text`, those without content left out. Raises UnreadableYaml."""
    try:
        return [document for document in yaml.load_all(text, Loader=Loader) if document is not None]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise UnreadableYaml(f"{error.problem or error.context or 'not YAML'}", line) from error
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        raise UnreadableYaml(str(error).splitlines()[0] if str(error) else "not YAML") from error
