from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "lancache_site"
    verbose_name = "site"

    def ready(self) -> None:
        # Whoever sends a task, in any process, needs the app that knows the broker.
        from lancache_site import celery  # noqa: F401
