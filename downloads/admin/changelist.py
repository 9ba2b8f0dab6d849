"""Lists of millions of rows: no query of theirs reads more than it can in a moment.

A list newest first, of all rows or of those of one client, title and so on, is read off
an index of (that column, time). So is a list by a column that has an index, where
nothing else is asked for. All else is answered within a window, the newest rows of the
chosen range of time, and the page says so where the window leaves rows out.
"""

from typing import Any, NamedTuple

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import InvalidPage, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from downloads.admin.indexes import Lead, column_of, known, unindexed
from downloads.admin.times import TimeFilter, hierarchy, in_address

WINDOW = 20_000
# Each is a walk through as many entries of an index, to where its window ends.
MOST_LEADS = 2


class Window(NamedTuple):
    """A list leaves out what is beyond ``edge``: earlier, or later if ascending."""

    size: int
    edge: Any
    ascending: bool
    # What the rows have in common that it is a window of, as `client`.
    column: str

    @property
    def shown(self) -> str:
        return f"{self.size:,}"


class KeysPaginator(Paginator):  # type: ignore[type-arg]  # none at runtime
    """Pages through the keys of what is listed, which are read once, up to a bound.

    A COUNT over millions takes seconds, and so does a page far in.
    """

    MOST = 10_000
    template_name = "admin/pagination_bounded.html"

    @property
    def at_bound(self) -> bool:
        return self.count >= self.MOST


class BoundedChangeList(ChangeList):
    """``queryset`` is all that the filters let through, as actions take it.

    A filter may have a ``lead``. One that is in effect without being asked for, or
    that an index of time serves, says that it ``is_light``.
    """

    window: Window | None = None

    def get_results(self, request: HttpRequest) -> None:
        listed = self.bounded(request)
        keys = list(listed.values_list("pk", flat=True)[: KeysPaginator.MOST])
        self.paginator = KeysPaginator(keys, self.list_per_page)
        self.result_count = len(keys)
        self.can_show_all = self.result_count <= self.list_max_show_all
        self.multi_page = self.result_count > self.list_per_page
        if self.multi_page and not (self.show_all and self.can_show_all):
            try:
                keys = self.paginator.page(self.page_num).object_list
            except InvalidPage as error:
                raise IncorrectLookupParameters from error
        rows = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
        self.result_list = rows.order_by(*listed.query.order_by)
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = True

    def bounded(self, request: HttpRequest) -> "QuerySet[Any]":
        """Return what is listed, in order, such that it is read in a moment."""
        ordering = self.get_ordering(request, self.root_queryset)
        leads, others = self.conditions()
        rows = self.root_queryset
        for spec in others:
            if isinstance(spec, TimeFilter):
                continue  # a window may end within its range
            if lead := getattr(spec, "lead", None):
                rows = rows.filter(lead.followed)
            elif (through := spec.queryset(request, rows)) is not None:
                rows = through
        rows, _ = self.model_admin.get_search_results(request, rows, self.query)
        if self.is_indexed(leads, others, ordering) or not self.time:
            rows = self.in_range(rows.filter(*(lead.led for lead in leads)))
        elif (few := self.few_found()) is not None:
            followed = (lead.followed for lead in leads)
            rows = self.in_range(rows.filter(*followed, pk__in=few))
        else:
            by_time = column_of(ordering[0]) == self.time
            ascending = by_time and not str(ordering[0]).startswith("-")
            rows = self.within_window(rows, leads, ascending)
            if not by_time:
                ordering = [unindexed(part) for part in ordering]
        return rows.filter(*known(ordering)).order_by(*ordering)

    def few_found(self) -> list[int] | None:
        """Return the keys that the search leads to, where they are few."""
        if not self.query or not hasattr(self.model_admin, "few_with"):
            return None
        few: list[int] | None = self.model_admin.few_with(self.query)
        return few

    def conditions(self) -> tuple[list[Lead], list[Any]]:
        """Return those that an index serves, the narrowest first, and the others."""
        indexed = getattr(self.model_admin, "indexed_filters", ())
        leads, others = [], []
        for spec in self.filter_specs:
            lead = getattr(spec, "lead", None)
            if lead and lead.column in indexed:
                leads.append(lead)
            else:
                others.append(spec)
        return sorted(leads, key=lambda lead: indexed.index(lead.column)), others

    def is_indexed(
        self, leads: list[Lead], others: list[Any], ordering: list[Any]
    ) -> bool:
        """Return whether an index has just these rows, in this order."""
        if self.query or any(_is_in_effect(spec) for spec in others):
            return False
        if column_of(ordering[0]) == self.time:
            return len(leads) < 2
        indexed = getattr(self.model_admin, "indexed_sorts", ())
        ranged = self.time_filter and self.time_filter.chosen
        return column_of(ordering[0]) in indexed and not leads and not ranged

    @cached_property
    def time(self) -> str | None:
        """The column that has the newest rows first, unless that is asked otherwise."""
        first = str(next(iter(self.model_admin.ordering or ()), ""))
        return first[1:] if first.startswith("-") else None

    @cached_property
    def time_filter(self) -> TimeFilter | None:
        found = (spec for spec in self.filter_specs if isinstance(spec, TimeFilter))
        return next(found, None)

    def within_window(
        self, rows: "QuerySet[Any]", leads: list[Lead], ascending: bool
    ) -> "QuerySet[Any]":
        """Narrow ``rows`` to the window that reaches furthest, and note its edge."""
        reached: list[tuple[Any, Lead | None]] = []
        candidates: list[Lead | None] = [*leads[:MOST_LEADS]]
        for lead in candidates or [None]:
            edge = self.edge(lead, ascending)
            reached.append((edge, lead))
            if edge is None:
                break
        edge, chosen = reached[-1]
        if edge is not None:
            furthest = max if ascending else min
            edge, chosen = furthest(reached, key=lambda one: one[0])
            of = chosen.column if chosen else ""
            self.window = Window(WINDOW, edge, ascending, of)
        rows = self.in_range(rows, self.window)
        return rows.filter(
            *(lead.led if lead is chosen else lead.followed for lead in leads)
        )

    def edge(self, lead: Lead | None, ascending: bool) -> Any:
        """Return the time of the last row in the window; None if all are in it."""
        rows = self.in_range(self.root_queryset)
        if lead:
            rows = rows.filter(lead.led)
        order = str(self.time) if ascending else f"-{self.time}"
        walked = rows.order_by(order).values_list(str(self.time), flat=True)
        return next(iter(walked[WINDOW : WINDOW + 1]), None)

    def in_range(
        self, rows: "QuerySet[Any]", window: Window | None = None
    ) -> "QuerySet[Any]":
        """Narrow ``rows`` to the chosen range of time, or to a window of it.

        With one bound at each end: SQLite would take the wrong one of two.
        """
        bounds = self.time_filter.bounds() if self.time_filter else {}
        if window:
            bounds.pop("lt" if window.ascending else "gte", None)
            bounds["lte" if window.ascending else "gte"] = window.edge
        return rows.filter(
            *(Q((f"{self.time}__{bound}", value)) for bound, value in bounds.items())
        )

    def hierarchy(self) -> dict[str, Any] | None:
        return hierarchy(self, self.time_filter) if self.time_filter else None

    def since(self) -> Any:
        """Return when the window ends, if its edge is a time."""
        if self.window and self.time_filter:
            return self.time_filter.as_moment(self.window.edge)
        return None

    def beyond_link(self) -> str:
        """Return a link to the next window."""
        if not (self.window and (moment := self.since())):
            return ""
        name = "since" if self.window.ascending else "until"
        return self.get_query_string({name: in_address(moment)})


def _is_in_effect(spec: Any) -> bool:
    is_light: bool = getattr(spec, "is_light", False)
    return not is_light and any(spec.used_parameters.values())
