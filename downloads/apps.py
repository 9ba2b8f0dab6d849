from django.apps import AppConfig

from bandwidth import clients


class DownloadsConfig(AppConfig):
    name = "downloads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Needs models, which are there only now.
        from downloads.clients import connections

        clients.KNOWN_BY.append(connections)
