"""Reads of the ledger. Looking up is asking permission; nothing here changes anything."""

from operations.queries.access import access_operation, visible_operations
from operations.queries.audit_chain import Verification, verify_audit
from operations.queries.audit_export import FORMATS, export
from operations.queries.audit_rows import (
    AuditFilter,
    AuditList,
    AuditRow,
    audit_list,
    visible_entries,
)
from operations.queries.rows import (
    Chip,
    OperationList,
    OperationRow,
    open_operation,
    operation_rows,
    recent_operations,
    running_count,
    running_operations,
    troubled_operations,
)
from operations.queries.view import OperationView, StepView, operation_view

__all__ = [
    "FORMATS",
    "AuditFilter",
    "AuditList",
    "AuditRow",
    "Chip",
    "OperationList",
    "OperationRow",
    "OperationView",
    "StepView",
    "Verification",
    "access_operation",
    "audit_list",
    "export",
    "open_operation",
    "operation_rows",
    "operation_view",
    "recent_operations",
    "running_count",
    "running_operations",
    "troubled_operations",
    "verify_audit",
    "visible_entries",
    "visible_operations",
]
