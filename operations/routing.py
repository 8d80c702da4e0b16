"""Websockets: one address, on which the wire says only what changed."""

from django.urls import path

from operations.consumers import ChangesConsumer

websocket_urlpatterns = [path("ws/changes/", ChangesConsumer.as_asgi())]
