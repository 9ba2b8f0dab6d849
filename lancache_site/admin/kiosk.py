"""Links for screens: made and revoked here; each link itself is shown once."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from downloads.admin import cells
from lancache_site.live.consumers import KIOSK_SECONDS
from lancache_site.models import KioskLink

if TYPE_CHECKING:
    # Unfold's class is this, but for its skin, and has no types.
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

CHANGE = "admin:lancache_site_kiosklink_change"


@admin.register(KioskLink)
class KioskLinkAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    list_display = ("name", "state", "addresses", "created_by", "created", "seen")
    list_select_related = ("created_by",)
    list_fullwidth = True
    search_fields = ("name",)
    readonly_fields = ("state", "created_by", "created", "revoked", "seen")
    actions_detail = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        own = ("name", "shows_addresses", "expires_at")
        return (*own, *self.readonly_fields) if obj else own

    def save_model(
        self, request: HttpRequest, obj: KioskLink, form: Any, change: bool
    ) -> None:
        if not change:
            assert request.user.is_authenticated
            obj.created_by = request.user
            token = obj.make_token()
        super().save_model(request, obj, form, change)
        if not change:
            url = request.build_absolute_uri(reverse("kiosk-enter", args=[token]))
            told = "Open this on the screen. It is shown this once: {}"
            self.message_user(request, format_html(told, url), messages.WARNING)

    def response_add(
        self, request: HttpRequest, obj: KioskLink, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go on to the link's own page, without a word more than the link."""
        return HttpResponseRedirect(reverse(CHANGE, args=[obj.pk]))

    @action(description="Revoke it", permissions=["revoke"])  # type: ignore[untyped-decorator]
    def revoke(self, request: HttpRequest, object_id: int) -> HttpResponse:
        link = get_object_or_404(KioskLink, pk=object_id)
        back = reverse(CHANGE, args=[link.pk])
        if link.revoked_at is not None:
            self.message_user(request, "It was revoked already.", messages.WARNING)
            return HttpResponseRedirect(back)
        if request.method != "POST":
            return render(
                request,
                "admin/confirm.html",
                {
                    **self.admin_site.each_context(request),
                    "title": f"Revoke: {link}?",
                    "consequences": [
                        f"Screens that show it go dark within {KIOSK_SECONDS} seconds.",
                        "The link opens nothing any more, for good.",
                    ],
                    "back": back,
                    "verb": "Revoke it",
                    "opts": self.opts,
                },
            )
        link.revoke()
        self.log_change(request, link, "Revoked.")
        self.message_user(request, f"Revoked: {link}.")
        return HttpResponseRedirect(back)

    def has_revoke_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        return request.user.has_perm("lancache_site.change_kiosklink")

    @admin.display(description="State")
    def state(self, link: KioskLink) -> SafeString:
        if link.revoked_at is not None:
            return cells.label("revoked", "danger")
        if not link.is_open:
            return cells.label("expired", "warning")
        return cells.label("open", "success")

    @admin.display(description="Shows")
    def addresses(self, link: KioskLink) -> str:
        return "names and addresses" if link.shows_addresses else "names only"

    @admin.display(description="Made", ordering="created_at")
    def created(self, link: KioskLink) -> SafeString:
        return cells.moment(link.created_at)

    @admin.display(description="Revoked")
    def revoked(self, link: KioskLink) -> SafeString:
        return cells.moment(link.revoked_at, "it is not revoked")

    @admin.display(description="Last shown", ordering="last_seen_at")
    def seen(self, link: KioskLink) -> SafeString:
        return cells.moment(link.last_seen_at, "no screen has shown it yet")
