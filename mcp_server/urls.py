from django.urls import path

from mcp_server import views

app_name = "connecting"
urlpatterns = [
    path("", views.connecting, name="connecting"),
    path("tokens/", views.token_create, name="token_create"),
    path("tokens/revoke/", views.token_revoke, name="token_revoke"),
    path("clients/disconnect/", views.client_disconnect, name="client_disconnect"),
    path("inspect/", views.inspect, name="inspect"),
    path("check/", views.configuration_check, name="configuration_check"),
]
