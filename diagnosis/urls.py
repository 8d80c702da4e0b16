from django.urls import path

from diagnosis import views

app_name = "diagnosis"
urlpatterns = [
    path("guide/", views.guide, name="guide"),
    path("wrong-now/", views.wrong_now, name="wrong_now"),
    path("tenants/<slug:tenant>/wrong-now/", views.tenant_wrong_now, name="tenant_wrong_now"),
    path("tenants/<slug:tenant>/services/<slug:name>/diagnosis.zip", views.bundle, name="bundle"),
]
