from django.urls import path

from sandbox import views

app_name = "sandbox"
urlpatterns = [path("sign-in/", views.sign_in, name="sign_in")]
