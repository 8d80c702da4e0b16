from django.urls import path

from operations import views

app_name = "operations"
urlpatterns = [
    path("operations/", views.operation_list, name="operation_list"),
    path("operations/<slug:public_id>/", views.operation_detail, name="operation_detail"),
    path("operations/<slug:public_id>/cancel/", views.operation_cancel, name="operation_cancel"),
    path("audit/", views.audit_list, name="audit_list"),
    path("audit/export.csv", views.audit_export, {"form": "csv"}, name="audit_csv"),
    path("audit/export.jsonl", views.audit_export, {"form": "jsonl"}, name="audit_jsonl"),
]
