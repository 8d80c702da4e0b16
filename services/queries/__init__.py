"""Reads about services: lists from the mirror, one service live from the cluster and git."""

from services.queries.access import access_service
from services.queries.away import lists_note
from services.queries.configuration import chart_defaults, environment_now, service_config, settings_now
from services.queries.home import home, tenant_page, tenant_rows
from services.queries.live import LogQuery, service_events, service_logs, service_pods
from services.queries.page import ServiceHead, service_head, service_history, service_page
from services.queries.rows import ServiceFilter, ServiceList, ServiceRow, service_list, visible_services
from services.queries.service_hosts import service_hosts
from services.queries.versions import current_tag, known_versions, version_before, versions_run
from tenants.queries import access_tenant, sources, unreadable_quotas_source

__all__ = [
    "LogQuery",
    "ServiceFilter",
    "ServiceHead",
    "ServiceList",
    "ServiceRow",
    "access_service",
    "access_tenant",
    "chart_defaults",
    "current_tag",
    "environment_now",
    "home",
    "known_versions",
    "lists_note",
    "service_config",
    "service_events",
    "service_head",
    "service_history",
    "service_hosts",
    "service_list",
    "service_logs",
    "service_page",
    "service_pods",
    "settings_now",
    "sources",
    "tenant_page",
    "tenant_rows",
    "unreadable_quotas_source",
    "version_before",
    "versions_run",
    "visible_services",
]
