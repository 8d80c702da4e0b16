"""The ledger for platform admins to search."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin, site
from operations.models import AuditEntry, Operation, Step


@admin.register(Operation, site=site)
class OperationAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "target", "summary", "state", "actor", "door", "requested_at", "finished_at")
    list_filter = ("state", "name", "door", "requested_at")
    search_fields = ("public_id", "target", "summary", "actor", "reason")
    ordering = ("-requested_at",)


@admin.register(Step, site=site)
class StepAdmin(ReadOnlyAdmin):
    list_display = ("operation", "position", "name", "state", "attempts", "failures", "started_at", "finished_at")
    list_filter = ("state", "name")
    list_select_related = ("operation",)
    search_fields = ("operation__public_id", "name", "says")
    ordering = ("-operation_id", "position")


@admin.register(AuditEntry, site=site)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "verb", "target", "result", "door", "client", "reason")
    list_filter = ("result", "door", "at")
    search_fields = ("actor", "verb", "target", "operation", "reason", "request_id", "digest")
    ordering = ("-id",)
