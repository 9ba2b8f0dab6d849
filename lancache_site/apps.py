from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "lancache_site"
