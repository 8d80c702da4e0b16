"""The ledgers of all apps on one site, and the people."""

from django.contrib import admin

import operations.admin  # noqa: F401  registers its own, as the next two do
import services.admin  # noqa: F401
import tenants.admin  # noqa: F401
from accounts.models import Person
from core.admin import ReadOnlyAdmin, site


@admin.register(Person, site=site)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ("login", "name", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("login", "name")
    ordering = ("login",)


urls = site.urls
