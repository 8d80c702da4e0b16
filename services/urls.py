from django.urls import path

from operations.views import operation_form
from services import forms, views

app_name = "services"
urlpatterns = [
    path("services/", views.service_list, name="service_list"),
    # /tenants/<tenant>/...
    path("tenants/<slug:tenant>/add-service/", operation_form(forms.ONBOARD), name="service_new"),
    # /tenants/<tenant>/services/<name>/...
    path("tenants/<slug:tenant>/services/<slug:name>/", views.service_detail, name="service_detail"),
    path("tenants/<slug:tenant>/services/<slug:name>/history/", views.service_history, name="service_history"),
    path("tenants/<slug:tenant>/services/<slug:name>/events/", views.service_events, name="service_events"),
    path("tenants/<slug:tenant>/services/<slug:name>/logs/", views.service_logs, name="service_logs"),
    path("tenants/<slug:tenant>/services/<slug:name>/configuration/", views.service_config, name="service_config"),
    path("tenants/<slug:tenant>/services/<slug:name>/deploy/", operation_form(forms.DEPLOY), name="service_deploy"),
    path(
        "tenants/<slug:tenant>/services/<slug:name>/rollback/", operation_form(forms.ROLL_BACK), name="service_rollback"
    ),
    path("tenants/<slug:tenant>/services/<slug:name>/scale/", operation_form(forms.SCALE), name="service_scale"),
    path(
        "tenants/<slug:tenant>/services/<slug:name>/configure/",
        operation_form(forms.CONFIGURE),
        name="service_configure",
    ),
]
