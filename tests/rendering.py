"""Templates rendered by the product's own engine, except that a variable nobody gave shows."""

from copy import deepcopy

from django.conf import settings
from django.template.backends.django import DjangoTemplates

INVALID = "!!invalid!!"


def strict_engine() -> DjangoTemplates:
    given = deepcopy(settings.TEMPLATES[0])
    given.pop("BACKEND")
    given["OPTIONS"]["string_if_invalid"] = f"{INVALID} %s"
    given["OPTIONS"]["context_processors"] = ["django.template.context_processors.request"]
    return DjangoTemplates({"NAME": "strict", "APP_DIRS": False, **given})
