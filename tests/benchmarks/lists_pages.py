"""Which pages of lists are asked for: each filter by itself and with each sort, and
combinations within a range of time."""

import random
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.db.models import Model

from downloads.models import ClientNaming
from tests.benchmarks import lists_rows

COMBINATIONS = 150  # of each list with more than a few filters
# Common, rare, and such as nothing has.
VALUES = {
    "client__id__exact": ("1", "1501", str(lists_rows.CLIENTS + lists_rows.BUSY + 1)),
    "title__id__exact": ("1", "5001", "5002"),
    "download__title__id__exact": ("1", "5001", "5002"),
    "datasource__id__exact": ("1", "2", "3", "4"),
    "service": ("steam", "blizzard", "unknown", "teso"),
    "basis__exact": ("stamps", "long_requests", "pruned"),
    "status": ("200", "failed", "502", "403", "503"),
    "linked": ("yes", "no", "no_download", "no_duration", "waiting"),
    "outcome": ("failed", "well"),
    "empty": ("shown", "only"),
    "hidden": ("shown", "only"),
    "speed_from": ("1", "99", "9000000"),
    "speed_to": ("50", "0.002", "0"),
    "size_from": ("1", "20000", "9000000"),
    "size_to": ("30", "0"),
    "duration_from": ("10", "599", "90000"),
    "duration_to": ("1",),
    "hits_from": ("10", "99.9"),
    "hits_to": ("50", "0.1"),
    "kind__exact": ("access",),
    "state__exact": ("reading", "done"),
    "hidden__exact": ("1", "0"),
    "excluded__exact": ("1",),
    "q": ("player", "player 17", "10.0.6.3", "Game 7", "cdn7.", "nothing has this"),
}


def of_model(model: type[Model]) -> Generator[str, Any, None]:
    """Yield the pages of one model's list."""
    model_admin: Any = admin.site.get_model_admin(model)
    url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    response = yield url
    changelist = response.context_data["cl"]
    sorts = [
        f"{sign}{place}"
        for place, column in enumerate(changelist.list_display)
        if changelist.get_ordering_field(column)
        for sign in ("", "-")
    ]
    filters = list(_filters(changelist))
    if model_admin.search_fields:
        filters += [{"q": word} for word in VALUES["q"]]
    pages = [{"p": "2"}, {"p": "200"}] if changelist.paginator.at_bound else []
    asked = [*pages, *filters, *({"o": sort} for sort in sorts)]
    asked += [one | {"o": sort} for one in filters for sort in sorts]
    if len(filters) > 10 and changelist.time_filter:
        asked += _combined(filters, sorts)
    for one in asked:
        yield f"{url}?{urlencode(one)}"


def _filters(changelist):
    for spec in changelist.filter_specs:
        for name in spec.expected_parameters():
            for value in VALUES.get(name, ()):
                yield {name: value}
    if changelist.time_filter:
        yield from RANGES


def _range(days: float, back: float = 0) -> dict[str, str]:
    until = datetime.fromtimestamp(lists_rows.END, UTC) - timedelta(days=back)
    return {
        "since": f"{until - timedelta(days=days):%Y-%m-%dT%H:%M:%S}",
        "until": f"{until:%Y-%m-%dT%H:%M:%S}",
    }


RANGES = [_range(1), _range(30), _range(365, back=365), _range(0.1, back=10)]


def _combined(filters, sorts) -> Iterator[dict[str, str]]:
    chance = random.Random(5)
    for _ in range(COMBINATIONS):
        asked: dict[str, str] = {}
        for one in chance.sample(filters, chance.randint(2, 4)):
            asked |= one
        asked |= chance.choice([{}, *RANGES[:2]])
        if chance.random() < 0.5:
            asked["o"] = chance.choice(sorts)
        yield asked


def models() -> Iterator[type[Model]]:
    """Yield those that have a list: of how clients are named there is one row."""
    for label in ("downloads", "ingest"):
        for model in apps.get_app_config(label).get_models():
            if model is not ClientNaming:
                yield model
