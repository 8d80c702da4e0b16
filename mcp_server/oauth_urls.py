from django.urls import path

from mcp_server import oauth

app_name = "oauth"
urlpatterns = [
    path(".well-known/oauth-authorization-server", oauth.server_metadata, name="server_metadata"),
    path(".well-known/oauth-authorization-server/<path:path>", oauth.server_metadata, name="server_metadata_path"),
    path(".well-known/oauth-protected-resource", oauth.resource_metadata, name="resource_metadata"),
    path(".well-known/oauth-protected-resource/<path:path>", oauth.resource_metadata, name="resource_metadata_path"),
    path("oauth/authorize", oauth.authorize, name="authorize"),
    path("oauth/token", oauth.token, name="token"),
    path("oauth/register", oauth.register, name="register"),
    path("oauth/revoke", oauth.revoke, name="revoke"),
]
