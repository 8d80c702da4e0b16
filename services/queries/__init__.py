"""Reads about services: lists from the mirror, one service live from the cluster and git."""

from services.queries.access import access_service
from services.queries.away import lists_note
from services.queries.configuration import chart_defaults, environment_now, service_config, settings_now
from services.queries.live import LiveList, LogQuery, service_events, service_logs, service_pods
from services.queries.page import ServiceHead, service_head, service_history
from services.queries.rows import ServiceFilter, ServiceList, ServiceRow, service_list, visible_services
from services.queries.service_hosts import ServiceHosts, service_hosts
from services.queries.versions import current_tag, known_versions, version_before, versions_run
from tenants.queries import access_tenant

__all__ = [
    "LiveList",
    "LogQuery",
    "ServiceFilter",
    "ServiceHead",
    "ServiceHosts",
    "ServiceList",
    "ServiceRow",
    "access_service",
    "access_tenant",
    "chart_defaults",
    "current_tag",
    "environment_now",
    "known_versions",
    "lists_note",
    "service_config",
    "service_events",
    "service_head",
    "service_history",
    "service_hosts",
    "service_list",
    "service_logs",
    "service_pods",
    "settings_now",
    "version_before",
    "versions_run",
    "visible_services",
]
