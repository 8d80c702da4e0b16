from django.urls import path

from accounts import api, views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
# allauth reverses these names itself, outside of any namespace.
github_urlpatterns = [
    path("sign-in/github/", views.github_sign_in, name="github_login"),
    path("sign-in/github/callback/", views.github_callback, name="github_callback"),
]
api_urlpatterns = [
    path("whoami", api.who_am_i, name="whoami"),
    path("mcp", api.mcp_elsewhere, name="mcp_elsewhere"),
]
