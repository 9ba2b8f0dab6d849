"""What the lists have in common: they may hold millions of rows, and facts are read."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest

from downloads.admin.changelist import BoundedChangeList

if TYPE_CHECKING:
    # Unfold's classes are these, but for their skin, and have no types.
    from django.contrib.admin import ModelAdmin, TabularInline
else:
    from unfold.admin import ModelAdmin, TabularInline


class BigListAdmin(ModelAdmin):  # type: ignore[type-arg]  # none at runtime
    """A list that is never counted through, and never sorted by accident."""

    # Filters and columns that an index serves; see changelist. The filters whose index
    # is (column, time), the one that lets fewest rows through first.
    indexed_filters: tuple[str, ...] = ()
    indexed_sorts: frozenset[str] = frozenset()
    list_before_template = "admin/list_before.html"
    show_facets = ShowFacets.NEVER  # each would be a COUNT
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True

    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[BoundedChangeList]:
        return BoundedChangeList


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
