"""The mirror of services for platform admins to search."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin, site
from services.models import Service


@admin.register(Service, site=site)
class ServiceAdmin(ReadOnlyAdmin):
    list_display = ("name", "tenant", "tag", "running_tag", "health", "sync", "cause", "in_git", "changed_at")
    list_filter = ("health", "sync", "in_git", "component_type")
    search_fields = ("name", "tenant", "tag", "image", "host", "cause")
    ordering = ("urgency", "tenant", "name")
