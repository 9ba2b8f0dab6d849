from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from lancache_site.pages import healthz

admin.autodiscover()
handler400 = "lancache_site.pages.bad_request"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]
