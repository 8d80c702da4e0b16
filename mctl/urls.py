"""Every route, by app. Sandbox routes exist only where the sandbox setting is on."""

from django.apps import apps
from django.conf import settings
from django.urls import include, path

from accounts.urls import api_urlpatterns, github_urlpatterns
from core.admin import site
from core.discovery import app_modules
from mctl.api_v1 import urlpatterns as v1_urlpatterns
from mctl.probes import healthz, readyz
from mctl.reference import PAGES
from mctl.views import home, reference, source_ages, styleguide, system_check

# An app names its module of routes in its AppConfig: `routes = "services.urls"`.
APP_ROUTES = [config.routes for config in apps.get_app_configs() if hasattr(config, "routes")]

# Each registers its ledgers at the site when it is imported.
app_modules("admin")

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("sources/", source_ages, name="sources"),
    *(path("", include(routes)) for routes in APP_ROUTES),
    path("", include(github_urlpatterns)),
    path("api/v1/", include((api_urlpatterns, "api"))),
    path("api/v1/", include((v1_urlpatterns, "v1"))),
    path("", include("mcp_server.oauth_urls")),
    path("connecting/", include("mcp_server.urls")),
    path("admin/", site.urls),
    *(path(f"reference/{kind}/", reference, {"kind": kind}, name=f"reference_{kind}") for kind in PAGES),
    path("system/check/", system_check, name="system_check"),
    path("styleguide/", styleguide, name="styleguide"),
    *([path("sandbox/", include("sandbox.urls"))] if settings.SANDBOX else []),
]

handler400 = "mctl.views.bad_request"
handler404 = "mctl.views.not_found"
handler500 = "mctl.views.server_error"
