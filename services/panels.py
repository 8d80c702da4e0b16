"""The page of a service, and what services add to it, to the tenant's page and to the home page."""

from dataclasses import dataclass

from core.actor import Actor
from core.page import Button, Column, Page, Panel, Subject, Tab, in_tenant
from services.policies import may_configure, may_deploy, may_onboard, may_roll_back, may_scale
from services.queries import (
    LiveList,
    ServiceFilter,
    ServiceHead,
    ServiceHosts,
    ServiceList,
    access_service,
    service_head,
    service_history,
    service_hosts,
    service_list,
    service_pods,
)
from services.queries.home import home_summary, needs_you, recent_changes

HISTORY_SHOWN = 5


def head(actor: Actor, subject: Subject) -> ServiceHead:
    return service_head(actor, subject.row)


SERVICE_PAGE = Page("service", template="services/page.html", part="services/_page.html", head=head)


def service_subject(actor: Actor, *, tenant: str, name: str) -> Subject:
    """The subject of SERVICE_PAGE: `row` is the Service. Raises NotFound for one that is absent or hidden."""
    return Subject(tenant=tenant, service=name, row=access_service(actor, tenant=tenant, name=name))


@dataclass(frozen=True, slots=True)
class TenantServices:
    list: ServiceList
    may_add: bool


def pods(actor: Actor, subject: Subject) -> LiveList:
    return service_pods(subject.row)


def hosts(actor: Actor, subject: Subject) -> ServiceHosts:
    return service_hosts(actor, subject.row)


def recent(actor: Actor, subject: Subject) -> LiveList:
    return service_history(subject.row, limit=HISTORY_SHOWN)


def tenant_services(actor: Actor, subject: Subject) -> TenantServices:
    listed = service_list(actor, tenant=subject.tenant, wanted=ServiceFilter.read(dict(subject.query)))
    return TenantServices(listed, may_onboard(actor, tenant=subject.tenant).allowed)


def shared_services(actor: Actor, subject: Subject) -> TenantServices:
    return subject.once(tenant_services, actor, subject)


SERVICE_PIECES = (
    Tab("overview", "Overview", "services:service_detail", order=10, changes=("service.changed", "operation.changed")),
    Tab("history", "Deployments", "services:service_history", order=20, changes=("service.changed",)),
    Tab("logs", "Logs", "services:service_logs", order=30, key="l"),
    Tab("events", "Events", "services:service_events", order=40, changes=("service.changed",)),
    Tab("config", "Config", "services:service_config", order=50, changes=("service.changed",), title_end="uration"),
    Button("logs", "Logs", "services:service_logs", order=10),
    Button("configure", "Configure", "services:service_configure", order=20, may=in_tenant(may_configure)),
    Button("scale", "Scale", "services:service_scale", order=30, may=in_tenant(may_scale)),
    Button("roll-back", "Roll back", "services:service_rollback", order=40, may=in_tenant(may_roll_back)),
    Button("deploy", "Deploy", "services:service_deploy", order=50, may=in_tenant(may_deploy), kind="primary", key="d"),
    Panel("pods", "services/_pods.html", pods, order=20, changes=("service.changed",), is_slow=True),
    Panel("facts", "services/_facts.html", hosts, Column.SIDE, order=10, changes=("service.changed",)),
    Panel("history", "services/_recent.html", recent, Column.SIDE, order=20, changes=("service.changed",)),
)
TENANT_PIECES = (
    Button(
        "add-service", "Add a service", "services:service_new", order=20, may=in_tenant(may_onboard), kind="primary"
    ),
    # The three show one list, which swaps itself and then corrects the sentence in the head.
    Panel("services-summary", "services/_tenant_summary.html", shared_services, Column.HEAD),
    Panel("services-filter", "services/_tenant_filter.html", shared_services, order=10),
    Panel("services", "services/_tenant_services.html", shared_services, order=20),
)
HOME_CHANGES = ("service.changed", "operation.changed")
HOME_PIECES = (
    Panel("summary", "services/_home_summary.html", home_summary, Column.HEAD, changes=HOME_CHANGES),
    Panel("needs-you", "services/_needs_you.html", needs_you, order=10, changes=HOME_CHANGES),
    Panel(
        "recent-changes", "services/_recent_changes.html", recent_changes, Column.SIDE, order=30, changes=HOME_CHANGES
    ),
)
