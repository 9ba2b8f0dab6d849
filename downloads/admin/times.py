"""A range of time, given by hand or by years, months, days and hours.

Django's own hierarchy runs a function over every row. This one knows the first and the
last row's time, and links to what lies between.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ListFilter, ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from unfold.widgets import INPUT_CLASSES

from downloads import periods
from downloads.periods import LEVELS, Period

# Beyond it there is no next year to link to.
LATEST = datetime(9000, 1, 1)
# The parameters of a range, and what they are to the column.
BOUNDS = {"since": "gte", "until": "lt"}
TITLES = {"year": "Y", "month": "F Y", "day": "j F", "hour": "H:i"}


class RangeForm(forms.Form):
    """The browser's own picker, by keyboard too; values as the address has them."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        picker = forms.TextInput(
            {"type": "datetime-local", "step": "1", "class": " ".join(INPUT_CLASSES)}
        )
        for name, label in (("since", "From"), ("until", "Before")):
            self.fields[name] = forms.CharField(
                label=label, required=False, widget=picker
            )


class TimeFilter(ListFilter):
    """Rows from ``since`` on and before ``until``, in the zone of pages."""

    title = "time"
    is_light = True  # an index of time serves it
    template = "unfold/filters/filters_field.html"

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[models.Model],
        model_admin: "ModelAdmin[Any]",
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.column = str(model_admin.get_ordering(request)[0]).lstrip("-")
        self.of_seconds = not isinstance(
            model._meta.get_field(self.column), models.DateTimeField
        )
        self.chosen: dict[str, datetime] = {}
        for name in BOUNDS:
            if text := (params.pop(name, None) or [""])[-1]:
                if (moment := _moment(text)) is None:
                    messages.error(request, f"No time that can be read: {text[:50]}")
                else:
                    self.chosen[name] = moment
        self.used_parameters = dict(self.chosen)

    def expected_parameters(self) -> list[str | None]:
        return list(BOUNDS)

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        chosen = self.chosen.items()
        yield {"form": RangeForm({name: in_address(when) for name, when in chosen})}

    def queryset(
        self, request: HttpRequest, queryset: "models.QuerySet[Any]"
    ) -> "models.QuerySet[Any]":
        return queryset.filter(
            *(
                models.Q((f"{self.column}__{bound}", value))
                for bound, value in self.bounds().items()
            )
        )

    def bounds(self) -> dict[str, datetime | float]:
        """Return the ends of the range as lookups of the column."""
        return {
            BOUNDS[name]: self.as_stored(when) for name, when in self.chosen.items()
        }

    def as_stored(self, moment: datetime) -> datetime | float:
        return moment.timestamp() if self.of_seconds else moment

    def as_moment(self, stored: Any) -> datetime:
        moment: datetime = stored
        return datetime.fromtimestamp(stored, UTC) if self.of_seconds else moment


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else timezone.make_aware(moment)
        moment = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year <= LATEST.year else None


def in_address(moment: datetime) -> str:
    """Return a time as the browser's picker and the address have it."""
    local = timezone.localtime(moment).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")


def hierarchy(changelist: ChangeList, spec: TimeFilter) -> dict[str, Any] | None:
    """Return what `admin/date_hierarchy.html` shows, or None where no row is."""
    if (span := _span(changelist, spec)) is None:
        return None
    # A range that reaches beyond the rows leads no further than they do.
    first, last = (min(_local(moment), LATEST) for moment in span)
    if since := spec.chosen.get("since"):
        first = max(first, _local(since))
    if until := spec.chosen.get("until"):
        last = min(last, _local(until) - datetime.resolution)
    # An hour is the last that there is to choose.
    inner = periods.path(min(first, last), last)[: len(LEVELS) - 1]
    parts = periods.parts(LEVELS[len(inner)], min(first, last), last)
    return {
        "show": True,
        "back": _back_link(changelist, spec, inner),
        "choices": [
            {"title": _name(part), "link": _link(changelist, part)} for part in parts
        ],
    }


def _span(changelist: ChangeList, spec: TimeFilter) -> tuple[datetime, datetime] | None:
    """Return the times of the first and of the last row, each read off an index."""
    rows = changelist.model._default_manager.all()
    newest = rows.order_by(f"-{spec.column}").values(spec.column)[:1]
    found = (
        rows.order_by(spec.column)
        .values_list(spec.column, models.Subquery(newest))
        .first()
    )
    if found is None:
        return None
    return spec.as_moment(found[0]), spec.as_moment(found[1])


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(tzinfo=None)


def _name(period: Period) -> str:
    return date_format(period.start, TITLES[period.level])


def _link(changelist: ChangeList, period: Period | None) -> str:
    return changelist.get_query_string(
        {
            "since": period and period.start.isoformat(timespec="seconds"),
            "until": period and period.end.isoformat(timespec="seconds"),
        }
    )


def _back_link(
    changelist: ChangeList, spec: TimeFilter, inner: list[Period]
) -> dict[str, Any] | None:
    """Return the way up by one level, where a range was chosen."""
    if not spec.chosen:
        return None
    if len(inner) < 2:
        return {"title": "All dates", "link": _link(changelist, None)}
    return {"title": _name(inner[-2]), "link": _link(changelist, inner[-2])}
