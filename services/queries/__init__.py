"""Reads about services: lists from the mirror, one service live from the cluster and git."""

from services.queries.access import access_service
from services.queries.home import home, tenant_page, tenant_rows
from services.queries.live import LogQuery, service_events, service_logs, service_pods
from services.queries.page import known_versions, service_config, service_head, service_history, service_page
from services.queries.rows import ServiceFilter, ServiceList, ServiceRow, service_list, visible_services
from tenants.queries import access_tenant, sources

__all__ = [
    "LogQuery",
    "ServiceFilter",
    "ServiceList",
    "ServiceRow",
    "access_service",
    "access_tenant",
    "home",
    "known_versions",
    "service_config",
    "service_events",
    "service_head",
    "service_history",
    "service_list",
    "service_logs",
    "service_page",
    "service_pods",
    "sources",
    "tenant_page",
    "tenant_rows",
    "visible_services",
]
