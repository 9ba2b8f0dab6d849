"""The websockets' addresses."""

from django.urls import path

from bandwidth.consumers import BandwidthConsumer

websocket_urlpatterns = [path("ws/bandwidth/", BandwidthConsumer.as_asgi())]
