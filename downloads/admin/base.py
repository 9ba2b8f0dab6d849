"""What the lists have in common: they may hold millions of rows, and facts are read."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ShowFacets
from django.core.paginator import Paginator
from django.db.models import F, Model, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest
from django.utils.functional import cached_property

if TYPE_CHECKING:
    # Unfold's classes are these, but for their skin, and have no types.
    from django.contrib.admin import ModelAdmin, TabularInline
else:
    from unfold.admin import ModelAdmin, TabularInline


class Unknowns(F):
    """A column to sort by, in which what is unknown comes last either way."""

    def asc(self, **kwargs: Any) -> OrderBy:
        return super().asc(**{"nulls_last": True, **kwargs})

    def desc(self, **kwargs: Any) -> OrderBy:
        return super().desc(**{"nulls_last": True, **kwargs})


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # none at runtime
    """Counts no further than anyone pages: a COUNT over millions takes seconds."""

    MOST = 10_000
    template_name = "admin/pagination_bounded.html"
    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[: self.MOST].count()

    @property
    def at_bound(self) -> bool:
        return self.count == self.MOST


class BigListAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    """A list that is never counted through, and never sorted by accident."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each would be a COUNT
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True


class ReadOnlyAdmin(BigListAdmin):
    """Rows that ingestion made: an edit would be a lie, and a deletion a hole."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


class NamedByLogs(BigListAdmin):
    """Rows that logs brought, and go with all that hangs on them: never by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


class ReadOnlyInline(TabularInline):  # type: ignore[type-arg]  # none at runtime
    """A page of related rows at a time; they are changed nowhere."""

    extra = 0
    per_page = 50
    can_delete = False
    hide_title = True  # it would ask for each row's relations

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False
