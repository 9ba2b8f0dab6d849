"""Filters from one number to another, and what rows are asked for by."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db.models import Case, F, FloatField, Func, Model, QuerySet, When
from django.db.models.functions import NullIf
from django.http import HttpRequest

from downloads import quantities

if TYPE_CHECKING:
    # Unfold's is this with two inputs, and has no types.
    from django.contrib.admin import SimpleListFilter as RangeNumericListFilter
else:
    from unfold.contrib.filters.admin import RangeNumericListFilter


class Seconds(Func):
    """The seconds from one time to another; Django's own calls Python for each row."""

    arity = 2
    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "ROUND((julianday(%(expressions)s)) * 86400, 3)"
        joined = ") - julianday("
        return self.as_sql(
            compiler, connection, template=template, arg_joiner=joined, **extra
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "EXTRACT(EPOCH FROM (%(expressions)s))::float"
        return self.as_sql(
            compiler, connection, template=template, arg_joiner=" - ", **extra
        )


def hit_share() -> Any:
    """Return an expression of a download's hit share in percent, null without any."""
    return 100.0 * F("hit_bytes") / NullIf(F("hit_bytes") + F("miss_bytes"), 0)


def session_rate(size: str) -> Case:
    """Return what `StreamSession` computes of its ``size`` and its duration."""
    told = When(
        status=200, duration__gt=0, total_bytes__gt=0, then=F(size) / F("duration")
    )
    return Case(told, output_field=FloatField())


class RangeFilter(RangeNumericListFilter):
    """``column`` of the list's rows from one number to another, both included."""

    column: str

    # The unit that the reader has it in, and what that is called.
    measure: Callable[[], tuple[float, str]]
    unit: float

    if not TYPE_CHECKING:

        def __init__(
            self,
            request: HttpRequest,
            params: dict[str, Any],
            model: type[Model],
            model_admin: "ModelAdmin[Any]",
        ) -> None:
            self.unit, name = self.measure()
            self.title = f"{self.title} in {name}"
            super().__init__(request, params, model, model_admin)
            for name, text in list(self.used_parameters.items()):
                if text and number(text) is None:
                    messages.error(request, f"{self.title}: no number: {text[:50]}")
                    self.used_parameters[name] = ""

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        for end, lookup in (("from", "gte"), ("to", "lte")):
            text = self.used_parameters.get(f"{self.parameter_name}_{end}")
            if text and (value := number(str(text))) is not None:
                queryset = queryset.filter(
                    (f"{self.column}__{lookup}", value * self.unit)
                )
        return queryset


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None


class SpeedFilter(RangeFilter):
    title = "↓ rate"
    parameter_name = "speed"
    column = "down_bytes_per_second"
    measure = staticmethod(quantities.mega_rate)


class SizeFilter(RangeFilter):
    title = "size"
    parameter_name = "size"
    column = "size"
    measure = staticmethod(quantities.mega_bytes)


class DurationFilter(RangeFilter):
    title = "duration"
    parameter_name = "duration"
    column = "seconds"

    @staticmethod
    def measure() -> tuple[float, str]:
        return 1, "seconds"


class HitShareFilter(RangeFilter):
    title = "hit share"
    parameter_name = "hits"
    column = "share"

    @staticmethod
    def measure() -> tuple[float, str]:
        return 1, "%"
