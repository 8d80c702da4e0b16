"""What installed apps offer under a module name that is the same in all of them: tools, api, admin, tasks and more.

An app joins by being installed; nobody names it.
"""

from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.utils.module_loading import module_has_submodule


def app_modules(name: str) -> list[ModuleType]:
    """The module of that name of every installed app that has one, the lowest app first. Asked once apps are loaded.

    An error inside such a module is raised: an app whose tools cannot be read must not start without them.
    """
    configs = reversed(list(apps.get_app_configs()))
    return [import_module(f"{one.name}.{name}") for one in configs if module_has_submodule(one.module, name)]
