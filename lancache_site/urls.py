from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from lancache_site import preferences
from lancache_site.live import views as live
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
    path("live/", live.page, name="live"),
    path("live/history/", live.past, name="live-history"),
    path("kiosk/", live.kiosk_page, name="kiosk"),
    path("kiosk/history/", live.kiosk_past, name="kiosk-history"),
    path("kiosk/<str:token>/", live.kiosk_enter, name="kiosk-enter"),
    path("healthz", healthz, name="healthz"),
]
