"""What the rules ask of the operations before they offer one as a remedy."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from operations.registry import definitions


def accepts_parameters(operation: str, parameters: Mapping[str, Any]) -> bool:
    """The operation is declared and takes these parameters."""
    declared = definitions().get(operation)
    if declared is None:
        return False
    try:
        declared.parameters.model_validate(parameters)
    except ValidationError:
        return False
    return True
