from django.urls import path

from operations.views import operation_form
from tests.joining.runbooks import forms, views

app_name = "runbooks"
urlpatterns = [
    path("tenants/<slug:tenant>/runbooks/", views.runbook_list, name="list"),
    path("tenants/<slug:tenant>/services/<slug:name>/runbook/", operation_form(forms.PAGES[0]), name="write"),
]
