"""Django's admin, for platform admins and for looking only.

It has no sign-in of its own: the session of the dashboard counts, and every page asks whether its person is a platform
admin. It changes nothing; what is to be changed is changed by an operation, which is checked, recorded and watched.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from core.actor import Actor, Decision, Scope
from core.gate import gate, require

VERB = "admin"


def may_administer(actor: Actor) -> Decision:
    if actor.is_admin and Scope.ADMIN in actor.scopes:
        return Decision(True, f"{actor.name} is platform admin.")
    return Decision(False, "The ledgers are for platform admins.", "Ask a platform admin to look for you.")


class ReadOnlySite(admin.AdminSite):
    """Only the pages that show something: no sign-in, no password, no form, no page that catches the rest."""

    site_title = site_header = "MCTL ledgers"
    index_title = "What is kept, as it is kept"
    site_url = "/"
    final_catch_all_view = False
    enable_nav_sidebar = False

    def has_permission(self, request: Any) -> bool:
        actor: Actor | None = getattr(request, "actor", None)
        return actor is not None and may_administer(actor).allowed

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        shown = super().admin_view(view, cacheable)

        def asked(request: Any, *args: Any, **kwargs: Any) -> Any:
            require(may_administer(request.actor))
            return shown(request, *args, **kwargs)

        return gate(VERB)(require_safe(update_wrapper(asked, view)))

    def get_urls(self) -> list[Any]:
        models = [
            path(f"{model._meta.app_label}/{model._meta.model_name}/", (kept.get_urls(), None, None))
            for model, kept in self._registry.items()
        ]
        return [
            path("", self.admin_view(self.index), name="index"),
            path("jsi18n/", self.admin_view(self.i18n_javascript, cacheable=True), name="jsi18n"),
            *models,
            path("<slug:app_label>/", self.admin_view(self.app_index), name="app_list"),
        ]


site = ReadOnlySite(name="admin")


class ReadOnlyAdmin(admin.ModelAdmin):
    """Lists and single rows; no page that adds, changes or deletes exists at all."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        ask = self.admin_site.admin_view
        return [
            path("", ask(self.changelist_view), name=f"{name}_changelist"),
            path("<path:object_id>/change/", ask(self.change_view), name=f"{name}_change"),
        ]

    def has_module_permission(self, request: Any) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False
