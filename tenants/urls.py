from django.urls import path

from tenants import views

app_name = "tenants"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/refresh/", views.account_refresh, name="account_refresh"),
    path("tenants/", views.tenant_list, name="tenant_list"),
    # /tenants/<tenant>/...
    path("tenants/<slug:tenant>/", views.tenant_detail, name="tenant_detail"),
    path("tenants/<slug:tenant>/members/", views.members, name="members"),
]
