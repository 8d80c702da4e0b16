"""The mirror of tenants for platform admins to search."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin, site
from tenants.models import Member, Source, Tenant


@admin.register(Tenant, site=site)
class TenantAdmin(ReadOnlyAdmin):
    list_display = ("name", "display_name", "github_team", "contact_email", "git_observed_at", "cluster_observed_at")
    search_fields = ("name", "display_name", "github_team", "contact_email")


@admin.register(Member, site=site)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("login", "tenant", "role", "source", "resolved_at")
    list_filter = ("role", "source")
    list_select_related = ("tenant",)
    search_fields = ("login", "tenant__name")


@admin.register(Source, site=site)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "label", "last_contact_at", "objects_seen", "revision", "error", "notice")
    search_fields = ("name", "label", "error", "notice")
    ordering = ("name",)
