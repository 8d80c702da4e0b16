"""The people who have signed in, for platform admins to look up."""

from django.contrib import admin

from accounts.models import Person
from core.admin import Looking, site


@admin.register(Person, site=site)
class PersonAdmin(Looking):
    list_display = ("login", "name", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("login", "name")
    ordering = ("login",)
