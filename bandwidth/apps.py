from django.apps import AppConfig


class BandwidthConfig(AppConfig):
    name = "bandwidth"
    default_auto_field = "django.db.models.BigAutoField"
