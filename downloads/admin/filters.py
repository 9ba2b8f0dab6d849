"""Filters that ask no table what there is to choose from."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from downloads import services
from downloads.models.sessions import Unlinked

if TYPE_CHECKING:
    # Unfold's are these in another skin, and have no types.
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin import SimpleListFilter as RadioFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter, RadioFilter

Choices = tuple[tuple[str, str], ...]


class ServiceFilter(DropdownFilter):
    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        known = tuple((name, name) for name in sorted(services.known()))
        return (*known, ("unknown", "unknown"))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        if (service := self.value()) is None:
            return queryset
        return queryset.filter(
            service=services.UNKNOWN if service == "unknown" else service
        )


class OptionsFilter(RadioFilter):
    """A few choices side by side."""

    options: Choices

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        return self.options


class LeftOutFilter(OptionsFilter):
    """Leaves rows out of a list unless it is asked for them."""

    all_option = ("", "leave out")
    options = (("shown", "list too"), ("only", "list alone"))

    def split(self, queryset: QuerySet[Model], **left_out: Any) -> QuerySet[Model]:
        if self.value() == "shown":
            return queryset
        if self.value() == "only":
            return queryset.filter(**left_out)
        return queryset.exclude(**left_out)


class HiddenClientsFilter(LeftOutFilter):
    title = "hidden clients"
    parameter_name = "hidden"

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        # Who asks for one client by name means it.
        if "client__id__exact" in request.GET:
            return queryset
        return self.split(queryset, client__hidden=True)


class EmptyDownloadsFilter(LeftOutFilter):
    title = "downloads of 0 bytes"
    parameter_name = "empty"

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        return self.split(queryset, total_bytes=0)


class LinkedFilter(DropdownFilter):
    title = "download"
    parameter_name = "linked"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        why_not = tuple((value, f"none: {label}") for value, label in Unlinked.choices)
        return (
            ("yes", "linked to one"),
            ("no", "not linked"),
            *why_not,
            ("waiting", "none: not looked at yet"),
        )

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        match self.value():
            case None:
                return queryset
            case "yes":
                return queryset.filter(download__isnull=False)
            case "no":
                return queryset.filter(download__isnull=True)
            case "waiting":
                return queryset.filter(correlated=False)
            case reason:
                return queryset.filter(unlinked=reason, correlated=True)


class StatusFilter(DropdownFilter):
    """What nginx's stream module can say; the log holds no other."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        return (
            ("200", "200: ended well"),
            ("failed", "any but 200"),
            ("400", "400: not understood"),
            ("403", "403: refused to this client"),
            ("500", "500: no such host, or no TLS"),
            ("502", "502: the host can't be reached"),
            ("503", "503: too many connections"),
        )

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        status = self.value() or ""
        if status == "failed":
            return queryset.exclude(status=200)
        if status.isascii() and status.isdigit():
            return queryset.filter(status=int(status[:5]))
        return queryset
