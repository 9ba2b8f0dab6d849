from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from lancache_site import preferences
from lancache_site.pages import healthz

admin.autodiscover()
handler400 = "lancache_site.pages.bad_request"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path(
        "admin/preferences/",
        admin.site.admin_view(preferences.page),
        name="preferences",
    ),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]
