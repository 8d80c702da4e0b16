from django.urls import path

from tenants import views

app_name = "tenants"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/refresh/", views.account_refresh, name="account_refresh"),
    path("tenants/<slug:tenant>/members/", views.members, name="members"),
]
