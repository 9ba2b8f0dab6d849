"""The live page, for who is signed in and for screens with a kiosk link."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bandwidth import history
from bandwidth.models import BandwidthSource
from lancache_site.live import audience, charting, comparing, rendering
from lancache_site.live.audience import Audience
from lancache_site.live.consumers import COOKIE

COOKIE_SECONDS = 400 * 86400  # the longest that browsers keep one
RANGES = (
    ("hour", "Hour"), ("day", "Day"), ("week", "Week"), ("month", "Month"),
)  # fmt: skip


@never_cache
@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    return _page(request, audience.of_user(request.user), "live-history")


@never_cache
@require_safe
@login_required
def past(request: HttpRequest) -> HttpResponse:
    return _past(request, audience.of_user(request.user))


@never_cache
@require_safe
def kiosk_enter(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie: it stays in no address bar and no history."""
    if audience.of_kiosk(token) is None:
        return _refused(request)
    response = HttpResponseRedirect(reverse("kiosk"))
    response.headers["Referrer-Policy"] = "no-referrer"
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


@never_cache
@require_safe
def kiosk_page(request: HttpRequest) -> HttpResponse:
    return _page(request, _kiosk(request), "kiosk-history")


@never_cache
@require_safe
def kiosk_past(request: HttpRequest) -> HttpResponse:
    return _past(request, _kiosk(request))


def _kiosk(request: HttpRequest) -> Audience | None:
    return audience.of_kiosk(request.COOKIES.get(COOKIE, ""))


def _refused(request: HttpRequest) -> HttpResponse:
    response = render(request, "pages/kiosk_refused.html", status=403)
    # The log would hold what somebody took for a token.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _page(request: HttpRequest, who: Audience | None, past: str) -> HttpResponse:
    if who is None:
        return _refused(request)
    context = {
        **history_context(who, past),
        "socket": "/ws/bandwidth/?as=html" + ("&kiosk" if who.is_kiosk else ""),
        "interval": settings.BANDWIDTH_SAMPLE_INTERVAL,
    }
    with who.reading():
        # As long as nothing was heard, the page shows what it would show of nothing.
        context["ways"] = rendering.figures([])
        return render(request, "pages/live.html", context)


def history_context(who: Audience | None, past: str) -> dict[str, Any]:
    """Return what the fragment needs; ``past``: the name of where its chart asks."""
    return {"who": who, "past": reverse(past), "ranges": RANGES}


def _past(request: HttpRequest, who: Audience | None) -> HttpResponse:
    over = history.RANGES.get(request.GET.get("range", ""))
    if who is None:
        return JsonResponse({"detail": "sign in"}, status=403)
    if over is None:
        detail = f"range must be one of {', '.join(history.RANGES)}"
        return JsonResponse({"detail": detail}, status=400)
    start, lines = history.history(over, time.time())
    sources = BandwidthSource.objects.values_list("pk", "name", "to_clients")
    names = {pk: (name, to_clients) for pk, name, to_clients in sources}
    with who.reading():
        told = charting.past(start, over, lines, names)
        # What the host carries beside the cache is the operator's business.
        told["note"] = "" if who.is_kiosk else comparing.note(start, start + over.span)
        return JsonResponse(told)
