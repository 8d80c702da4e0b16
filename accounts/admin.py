"""The people who have signed in, for platform admins to look up."""

from django.contrib import admin

from accounts.models import Person
from core.admin import ReadOnlyAdmin, site


@admin.register(Person, site=site)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ("login", "name", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("login", "name")
    ordering = ("login",)
