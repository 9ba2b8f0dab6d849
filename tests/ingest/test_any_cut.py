"""However lines are cut into slices and files, in whatever order they are read and
with the other log between them: the facts are those of one pass over the whole."""

import random
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from downloads import grouping, linking
from downloads.models import Burst, Download, Title
from ingest import slices, starting
from tests.ingest.logs import (
    NOON,
    append,
    clear,
    datasource,
    read,
    request,
    session,
    snapshot,
)

pytestmark = pytest.mark.django_db
RECORDED = Path(__file__).parent.parent / "data" / "any-cut"
bounded = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def evening(seed: int) -> tuple[list[bytes], list[bytes]]:
    """Three clients, four depots, pauses around both limits, late seconds, times."""
    chance = random.Random(seed)
    requests: list[bytes] = []
    sessions: list[bytes] = []
    at, number = NOON, 0
    for _ in range(30):
        at += chance.choice([1, 5, 9, 10, 11, 12, 60, 250, 276, 299, 300, 301, 302])
        client = f"10.0.0.{chance.choice([0, 0, 1])}"
        depots = chance.sample([441, 441, 442, 570], chance.choice([1, 1, 2]))
        cache = chance.choice(["HIT", "HIT", "MISS"])
        timed = chance.random() < 0.4
        for _second in range(chance.choice([1, 2, 8, 25])):
            for _request in range(chance.randrange(4)):
                number += 1
                seconds = round(chance.random() * 20, 3) if timed else None
                requests.append(
                    request(
                        at - chance.choice([0, 0, 0, 1, 4]),
                        chance.choice([0, 1000, 1_000_000, 4_000_000]),
                        client,
                        chance.choice(depots),
                        chance.choice([cache, cache, cache, "MISS", "-"]),
                        chance.choice([200, 200, 206, 304, 404]),
                        chunk=number,
                        seconds=seconds,
                    )
                )
            at += 1
            if chance.random() < 0.15:
                lasted = chance.choice([0.0, 0.5, 30.25, 400.125])
                # Names differ, so that no two pieces begin with the same line.
                name = f"n{len(sessions)}.steampowered.com"
                sessions.append(session(at, lasted, client, name, 5000 + number, 99))
        if chance.random() < 0.3:
            requests.append(b"nonsense %d\n" % number)
    return requests, sessions


def whole(requests: list[bytes], sessions: list[bytes]) -> dict[str, list]:
    """Return what one pass over everything gives."""
    clear()
    with tempfile.TemporaryDirectory() as place:
        append(Path(place) / "access.log", *requests)
        append(Path(place) / "stream-access.log", *sessions)
        read(datasource(Path(place)), fresh_first=False)
    return snapshot()


def pieces(draw: Callable, lines: list[bytes], name: str) -> list[tuple[str, bytes]]:
    """Cut ``lines`` into files of any size."""
    most = min(4, len(lines) - 1)
    cuts = draw(st.sets(st.integers(1, len(lines) - 1), max_size=most))
    borders = [0, *sorted(cuts), len(lines)]
    return [
        (f"{name}.{n}", b"".join(lines[low:high]))
        for n, (low, high) in enumerate(pairwise(borders))
    ]


def facts_of_cut(draw: Callable, requests: list[bytes], sessions: list[bytes]):
    """Let files come in any order, half of them in two parts, over several passes."""
    parts = pieces(draw, requests, "access.log")
    parts += pieces(draw, sessions, "stream-access.log") if len(sessions) > 1 else []
    parts = draw(st.permutations(parts))
    total = sum(map(len, requests + sessions))
    slices.SIZE = total // draw(st.sampled_from([1, 3, 12]))
    starting.SMALL = draw(st.sampled_from([1, 1 << 40]))
    starting.FRESH_SECONDS = 60
    clear()
    with tempfile.TemporaryDirectory() as place:
        source = datasource(Path(place))
        rest = []
        for name, data in parts:
            cut = draw(st.integers(1, len(data)))
            append(Path(place) / name, data[:cut])
            rest.append((name, data[cut:]))
            if draw(st.booleans()):
                read(source, budget=draw(st.sampled_from([None, 0.0])))
        for name, data in draw(st.permutations(rest)):
            append(Path(place) / name, data)
            if draw(st.booleans()):
                linking.correlate()  # early, too
                read(source, budget=0.0)
        for _pass in range(20):
            if read(source).finished:
                break
        assert not source.last_error
    return snapshot()


@pytest.fixture
def cut_sizes(monkeypatch):
    """Undo what an example sets."""
    for module, name in (
        (slices, "SIZE"),
        (starting, "SMALL"),
        (starting, "FRESH_SECONDS"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))


@bounded
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_any_cut_and_order_gives_the_facts_of_the_whole(cut_sizes, data, seed):
    requests, sessions = evening(seed)
    slices.SIZE = 8 << 20
    starting.SMALL = 1 << 40
    expected = whole(requests, sessions)
    found = facts_of_cut(data.draw, requests, sessions)
    for name, rows in expected.items():
        assert found[name] == rows, name


@bounded
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_lines_in_any_order_give_the_facts_of_the_whole(cut_sizes, data, seed):
    requests, sessions = evening(seed)
    expected = whole(requests, sessions)
    chance = random.Random(seed)
    chance.shuffle(requests)
    chance.shuffle(sessions)
    found = facts_of_cut(data.draw, requests, sessions)
    for name, rows in expected.items():
        assert found[name] == rows, name


def test_a_title_that_loses_its_name_leaves_the_download_it_shared(tmp_path):
    append(tmp_path / "access.log", *(request(NOON + i, chunk=i) for i in range(20)))
    some = (request(NOON + i, depot=570, chunk=50 + i) for i in range(10, 40))
    append(tmp_path / "access.log", *some)
    read(datasource(tmp_path))
    for name, requests in (("Dota 2", [50]), ("", [20, 30])):
        Title.objects.filter(raw="570").update(name=name)
        Title.objects.filter(raw="441").update(name="Dota 2")
        grouping.regroup_titles(
            Title.objects.filter(raw__in=["570"] if not name else ["441", "570"])
        )
        grouping.group()
        found = Download.objects.order_by("started_at")
        assert [one.requests for one in found] == requests


@bounded
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_names_that_come_and_go_group_as_if_they_had_always_been(cut_sizes, data, seed):
    requests, sessions = evening(seed)
    names = st.dictionaries(
        st.sampled_from(["441", "442", "570"]), st.sampled_from(["A", "B", ""])
    )
    whole(requests, sessions)
    for chosen in data.draw(st.lists(names, min_size=1, max_size=3)):
        renamed = []
        for title in Title.objects.filter(raw__in=chosen):
            title.name = chosen[title.raw]
            title.save()
            renamed.append(title)
        grouping.regroup_titles(renamed)
        grouping.group()
    found = snapshot()
    Download.objects.all().delete()
    Burst.objects.update(grouped=False, download=None)
    grouping.group()
    expected = snapshot()
    Title.objects.update(name="")
    for name, rows in expected.items():
        assert found[name] == rows, name
