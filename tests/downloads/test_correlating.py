"""Sessions and downloads to links, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads.correlating import (
    Candidate,
    Evidence,
    HostKind,
    Link,
    Session,
    Upload,
    confidence,
    host_kind,
    link,
    upload,
    weigh,
)
from tests.benchmarks.correlation import figures, judge, ours, service_blind
from tests.benchmarks.simulated_sessions import simulate

API = "api.steampowered.com"


def session(start, end, host=API):
    return Session(int(start * 1000), int(end * 1000), host)


def download(key, start, end, title="570"):
    return Candidate(key, int(start * 1000), int(end * 1000), title)


def test_of_several_the_longest_overlap_wins():
    assert link(session(10, 30), [download(1, 0, 15), download(2, 12, 60)]).key == 2


def test_of_equal_overlaps_the_earlier_start_wins():
    assert link(session(50, 60), [download(1, 20, 90), download(2, 10, 90)]).key == 2


def test_of_equal_starts_the_title_decides_and_not_the_key():
    rust, dota = download(1, 0, 90, "Rust"), download(2, 0, 90, "Dota 2")
    assert link(session(50, 60), [rust, dota]).key == 2


@pytest.mark.parametrize(
    ("start", "end", "linked"),
    [
        (96, 98, True),  # two seconds before it
        (96, 97.999, False),
        (112, 113, True),  # two seconds after it
        (112.001, 113, False),
        (105, 105, True),  # 0.000 s
        (98, 98, True),
        (0, 500, True),
    ],
)
def test_two_seconds_of_slack_at_each_end(start, end, linked):
    found = link(session(start, end), [download(7, 100, 110)])
    assert (found is not None) == linked


def test_a_session_of_no_length_is_wholly_covered():
    found = weigh(session(105, 105), [download(7, 100, 110)])
    assert (found.covered, found.share) == (1, 1)


def test_two_that_cover_it_alike_are_a_guess():
    found = link(session(5, 6), [download(1, 0, 90), download(2, 1, 90)])
    assert found.key == 1
    assert found.confidence < 0.5


def test_no_link_is_certain_or_impossible():
    best = Evidence(1, HostKind.CONTENT, early=False, covered=1, share=1, tied=1)
    worst = Evidence(1, HostKind.ASIDE, early=True, covered=0, share=0.01, tied=9)
    assert confidence(best) == 0.99
    assert confidence(worst) == 0.01


def test_what_was_open_long_before_a_download_is_less_likely_its_own():
    one = download(1, 100, 200)
    early, late = session(80, 190), session(95, 190)
    assert link(early, [one]).confidence < link(late, [one]).confidence


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("cache1-lax1.steamcontent.com", HostKind.CONTENT),
        ("lol.dyn.riotcdn.net", HostKind.CONTENT),
        ("gs2.ww.prod.dl.playstation.net", HostKind.CONTENT),
        ("api.steampowered.com", HostKind.LAUNCHER),
        ("client-update.steamstatic.com", HostKind.LAUNCHER),
        ("", HostKind.LAUNCHER),
        ("store.steampowered.com", HostKind.ASIDE),
        ("cmp1-fra1.steamserver.net", HostKind.ASIDE),
        ("cdn.cloudflare.steamstatic.com", HostKind.ASIDE),
        ("euw1.chat.si.riotgames.com", HostKind.ASIDE),
    ],
)
def test_what_a_host_is_for(host, kind):
    assert host_kind(host) is kind


def test_upload_is_over_the_union_of_times():
    """Two at once for 10 s, then one for 5 s after a pause."""
    spans = [(0, 10_000, 600), (2_000, 8_000, 300), (20_000, 25_000, 600)]
    assert upload(spans) == Upload(seconds=15, bytes_per_second=100)
    assert upload([]) is None
    assert upload([(0, 0, 600)]) is None


moments = st.integers(0, 60_000)
candidates = st.lists(
    st.tuples(moments, moments, st.sampled_from("abc")), max_size=6, unique=True
).map(
    lambda found: [
        Candidate(key, min(a, b), max(a, b), title)
        for key, (a, b, title) in enumerate(found)
    ]
)


def named(found: Link | None, downloads: list[Candidate]):
    by_key = {one.key: one[1:] for one in downloads}
    return found and (by_key[found.key], found.confidence)


@given(moments, moments, candidates, st.randoms(use_true_random=False))
def test_order_and_keys_of_candidates_never_matter(start, end, downloads, random):
    one = Session(min(start, end), max(start, end), API)
    keys = random.sample(range(100), len(downloads))
    others = [d._replace(key=k) for d, k in zip(downloads, keys, strict=True)]
    random.shuffle(others)
    assert named(link(one, downloads), downloads) == named(link(one, others), others)


def test_links_are_as_right_as_they_say():
    """Of one seed; the benchmark has more. Two standard errors are allowed for."""
    world = simulate(seed=21, n=20_000)
    result = figures(judge(world, ours))
    assert result.precision >= 0.98
    assert result.recall >= 0.95
    for n, said, right in result.tenths:
        if n:
            assert abs(right - said) <= 0.05 + 2 * (said * (1 - said) / n) ** 0.5
    blind = figures(judge(world, service_blind))
    assert blind.precision < 0.9


def test_the_simulation_has_the_shares_it_says():
    world = simulate(seed=3, n=2_000)
    overlaps = [len(world.candidates(one)) for one in world.sessions]
    none = [one for one in world.sessions if one.truth is None]
    busy = [one for one in none if world.candidates(one, any_service=True)]
    several = [
        one.truth is not None and n > 1
        for one, n in zip(world.sessions, overlaps, strict=True)
    ]
    assert sum(several) == 400
    assert len(none) == 600
    assert len(busy) == 300
