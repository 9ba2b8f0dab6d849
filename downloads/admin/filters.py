"""Filters that ask no table what there is to choose from."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields import Field
from django.http import HttpRequest

from downloads import services
from downloads.admin.indexes import Lead, Unindexed, equal, unindexed_key
from downloads.models import Client, Download
from downloads.models.sessions import Unlinked

if TYPE_CHECKING:
    # Unfold's are these in another skin, and have no types.
    from django.contrib.admin import ChoicesFieldListFilter as ChoicesDropdownFilter
    from django.contrib.admin import RelatedFieldListFilter as AutocompleteSelectFilter
    from django.contrib.admin import RelatedFieldListFilter as RelatedDropdownFilter
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin import SimpleListFilter as RadioFilter
else:
    from unfold.contrib.filters.admin import (
        AutocompleteSelectFilter,
        ChoicesDropdownFilter,
        DropdownFilter,
        RadioFilter,
        RelatedDropdownFilter,
    )

Choices = tuple[tuple[str, str], ...]
Rows = QuerySet[Model]
MOST_KEY = 2**63 - 1  # PostgreSQL refuses to look for more


class OfField:
    """One value of a column."""

    field: "Field[Any, Any]"
    lookup_kwarg: str
    used_parameters: dict[str, Any]

    def wanted(self) -> Any:
        """Return the value that is asked for, or None.

        Raises IncorrectLookupParameters if the column can have none such.
        """
        given = self.used_parameters.get(self.lookup_kwarg)
        if not (text := given[-1] if isinstance(given, list) else given):
            return None
        try:
            value = self.field.get_prep_value(text)
        except (TypeError, ValueError) as error:
            raise IncorrectLookupParameters(error) from error
        if (isinstance(value, int) and abs(value) > MOST_KEY) or "\0" in str(value):
            raise IncorrectLookupParameters(text)
        return value

    @property
    def lead(self) -> Lead | None:
        value = self.wanted()
        return None if value is None else equal(self.field.name, value)


class RelatedFilter(OfField, RelatedDropdownFilter):
    pass


class AutocompleteFilter(OfField, AutocompleteSelectFilter):
    pass


class ChoicesFilter(OfField, ChoicesDropdownFilter):
    pass


class ServiceFilter(DropdownFilter):
    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        known = tuple((name, name) for name in sorted(services.known()))
        return (*known, ("unknown", "unknown"))

    @property
    def lead(self) -> Lead | None:
        service = self.value() or ""
        if service not in dict(self.lookup_choices):
            return None
        return equal("service", services.UNKNOWN if service == "unknown" else service)

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(self.lead.led) if self.lead else queryset


class OptionsFilter(RadioFilter):
    """A few choices side by side."""

    options: Choices

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Choices:
        return self.options


class LeftOutFilter(OptionsFilter):
    """Leaves rows out of a list unless it is asked for them."""

    all_option = ("", "leave out")
    options = (("shown", "list too"), ("only", "list alone"))

    @property
    def is_light(self) -> bool:
        return self.value() != "only"

    def split(self, queryset: Rows, left_out: Q) -> Rows:
        if self.value() == "shown":
            return queryset
        return queryset.filter(left_out if self.value() == "only" else ~left_out)


class HiddenClientsFilter(LeftOutFilter):
    title = "hidden clients"
    parameter_name = "hidden"

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        # Who asks for one client by name means it.
        if request.GET.get("client__id__exact"):
            return queryset
        hidden = Client.objects.filter(hidden=True).values("pk")
        rows = queryset.alias(of_client=unindexed_key("client"))
        return self.split(rows, Q(of_client__in=hidden))


class EmptyDownloadsFilter(LeftOutFilter):
    title = "downloads of 0 bytes"
    parameter_name = "empty"

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        rows = queryset.alias(bytes=Unindexed("total_bytes"))
        return self.split(rows, Q(bytes=0))


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

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        rows: Rows = queryset.alias(linked_to=unindexed_key("download"))
        match self.value():
            case "yes":
                return rows.filter(linked_to__isnull=False)
            case "no":
                return rows.filter(linked_to__isnull=True)
            case "waiting":
                return queryset.filter(correlated=False)
            case reason if reason in Unlinked.values:
                return queryset.filter(unlinked=reason, correlated=True)
        return queryset


class TitleOfDownloadFilter(AutocompleteFilter):
    """The title of the download that a session is linked to."""

    lead = None

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if (wanted := self.wanted()) is None:
            return queryset
        # Looked up for each session of the window: as a join, PostgreSQL would start
        # from all sessions of all downloads of the title.
        download = Download.objects.filter(pk=OuterRef("download"))
        rows: Rows = queryset.alias(of_title=Subquery(download.values("title")[:1]))
        return rows.filter(of_title=wanted)


class Literal(Value):
    """A whole number that stands in the SQL itself.

    SQLite takes a partial index only where the query repeats its condition.
    """

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        return str(int(self.value)), ()


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

    @property
    def lead(self) -> Lead | None:
        """Of those that failed, which have an index."""
        failed = ~Q(status=Literal(200))
        match self.value():
            case "failed":
                return Lead("status", failed, ~Q(status=200))
            case "400" | "403" | "500" | "502" | "503" as status:
                one = Q(status=int(status))
                return Lead("status", failed & one, one)
        return None

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.lead:
            return queryset.filter(self.lead.led)
        if self.value() == "200":
            return queryset.filter(status=200)
        return queryset
