import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads.bursts import Burst, join
from downloads.models.downloads import Basis as StoredBasis
from downloads.rates import (
    Basis,
    PureBuckets,
    Rate,
    rate_and_silences,
    rate_of,
    split_rates,
)
from tests.benchmarks import recordings
from tests.benchmarks.accuracy import accuracy, ours, whole_seconds
from tests.benchmarks.recordings import Recorded

MB = 1_000_000
RATE = Rate(100.0, 50.0, Basis.STAMPS)


def silences(bursts: list[Burst]) -> tuple[int, int]:
    return rate_and_silences(bursts)[1:]


def request(at: int, size: int, start_ms: int | None = None, end_ms: int = 0) -> Burst:
    end = None if start_ms is None else end_ms
    return Burst(at, at, size, 0, 0, 1, 0, size, size, start_ms, end)


def steadily(first: int, last: int, per_second: int, requests: int = 10) -> list[Burst]:
    return [
        request(at, per_second // requests)
        for at in range(first, last + 1)
        for _ in range(requests)
    ]


def test_only_whole_seconds_count():
    half_a_second = [request(100, 5 * MB), request(104, 2 * MB)]
    rate = rate_of([*half_a_second, *steadily(101, 103, 10 * MB)])
    assert rate == Rate(10 * MB, 3.0, Basis.STAMPS)


def test_a_pause_is_in_no_rate_and_is_told_beside_it():
    bursts = [*steadily(0, 20, 10 * MB), *steadily(80, 100, 10 * MB)]
    assert rate_of(bursts).bytes_per_second == 10 * MB
    assert silences(bursts) == (1, 60)


def test_titles_that_run_side_by_side_add_up():
    game = join(steadily(0, 20, 10 * MB)) + join(steadily(5, 15, 10 * MB))
    assert rate_of(game).bytes_per_second == pytest.approx((19 + 11) * 10 * MB / 19)


def test_large_requests_one_after_the_other_leave_no_silence():
    bursts = [request(at, 200 * MB) for at in range(0, 200, 20)]
    assert rate_of(bursts) == Rate(10 * MB, 180.0, Basis.STAMPS)
    assert silences(bursts) == (0, 0)


def test_a_pause_among_large_requests_is_one():
    times = [0, 20, 40, 60, 160, 180, 200, 220]
    bursts = [request(at, 200 * MB) for at in times]
    assert rate_of(bursts).bytes_per_second == 10 * MB
    assert silences(bursts) == (1, 100)


def test_a_large_request_amid_small_ones_is_no_pause():
    bursts = [*steadily(0, 20, 10 * MB), request(40, 200 * MB)]
    bursts += steadily(41, 60, 10 * MB)
    assert silences(bursts) == (0, 0)
    assert rate_of(bursts).bytes_per_second == pytest.approx(10 * MB, rel=0.02)


@pytest.mark.parametrize(
    ("bursts", "basis"),
    [
        ([], Basis.TOO_FEW),
        ([request(0, 100 * MB)], Basis.LONG_REQUESTS),
        ([request(0, 100 * MB), request(40, 100 * MB)], Basis.LONG_REQUESTS),
        ([request(0, MB), request(3, MB)], Basis.TOO_FEW),
        (steadily(0, 2, 10 * MB), Basis.TOO_SHORT),
        ([b for at in (0, 60) for b in steadily(at, at, 20 * MB)], Basis.TOO_SHORT),
        ([request(at, 50_000) for at in range(0, 600, 5)], Basis.TOO_FEW),
        ([request(at, 50_000) for at in range(0, 6000, 60)], Basis.TOO_FEW),
    ],
)
def test_what_stamps_do_not_tell_is_null_and_says_why(bursts, basis):
    assert rate_of(bursts) == Rate(None, None, basis)


def test_a_lone_large_request_is_told_by_its_own_time():
    rate = rate_of([request(130, 100 * MB, start_ms=105_000, end_ms=130_000)])
    assert rate == Rate(4 * MB, 25.0, Basis.TIMED)


def test_a_cached_chunk_is_not_told_by_its_time_to_the_kernel():
    assert rate_of([request(130, MB, 129_998, 130_000)]).basis == Basis.TOO_FEW


def test_what_buffers_may_hold_is_not_believed_however_long_it_took():
    requests = [request(9, 3 * MB, 5_000, 9_000) for _ in range(4)]
    assert rate_of(requests).bytes_per_second is None


def test_a_stamp_without_a_duration_is_no_time():
    requests = [request(at, 100 * MB, at * 1000, at * 1000) for at in (10, 50)]
    assert rate_of(requests).basis == Basis.LONG_REQUESTS


def test_times_of_a_part_of_the_lines_are_not_those_of_all():
    requests = [request(130, 100 * MB, 105_000, 130_000), request(135, 100 * MB)]
    assert rate_of(requests).basis == Basis.LONG_REQUESTS


requests = st.builds(
    lambda at, size, took: request(at, size, at * 1000 - took, at * 1000),
    st.integers(1_000, 1_400),
    st.integers(0, 10**9),
    st.integers(0, 100_000),
)


@given(st.lists(requests, max_size=40), st.randoms(use_true_random=False))
def test_any_order_and_cut_gives_one_rate_that_makes_sense(
    lines: list[Burst], random: Random
):
    shuffled = random.sample(lines, len(lines))
    half = len(lines) // 2
    parts = join(shuffled[:half]) + join(shuffled[half:])
    rate = rate_of(parts)
    assert rate == rate_of(lines)
    assert silences(parts) == silences(lines)
    known = rate.bytes_per_second is not None
    assert known == (rate.seconds is not None)
    assert known == (rate.basis in {Basis.STAMPS, Basis.TIMED})
    if rate.bytes_per_second is not None:
        assert 0 < rate.bytes_per_second < math.inf


def test_bases_are_those_that_are_stored():
    assert {basis.value for basis in Basis} == set(StoredBasis.values)


def test_nine_tenths_of_one_kind_have_the_rate_of_all():
    split = split_rates(RATE, 95, 5, 0, None)
    assert (split.hit_bytes_per_second, split.miss_bytes_per_second) == (100.0, None)
    split = split_rates(RATE, 5, 90, 5, None)
    assert (split.hit_bytes_per_second, split.miss_bytes_per_second) == (None, 100.0)
    assert split.basis == Basis.STAMPS


def test_mixed_kinds_are_told_by_pure_buckets():
    split = split_rates(RATE, 50, 50, 0, PureBuckets(6000, 20, 400, 10, 3500))
    assert split.hit_bytes_per_second == 300
    assert split.miss_bytes_per_second == 40
    assert split.peak_bytes_per_second == 350
    assert split.basis == Basis.STAMPS


def test_without_a_pure_bucket_it_is_mixed_and_without_buckets_pruned():
    none = PureBuckets(0, 0, 0, 0, 0)
    assert split_rates(RATE, 50, 50, 0, none).basis == Basis.MIXED
    assert split_rates(RATE, 50, 50, 0, None).basis == Basis.PRUNED


def test_the_peak_is_never_below_the_rate_and_unknown_without_one():
    assert split_rates(RATE, 1, 0, 0, None).peak_bytes_per_second == 100
    low = PureBuckets(0, 0, 0, 0, 10)
    assert split_rates(RATE, 1, 0, 0, low).peak_bytes_per_second == 100
    unknown = Rate(None, None, Basis.LONG_REQUESTS)
    high = PureBuckets(9, 10, 0, 0, 10**9)
    assert split_rates(unknown, 1, 1, 0, high).peak_bytes_per_second is None
    assert split_rates(unknown, 1, 1, 0, high).basis == Basis.LONG_REQUESTS


@pytest.fixture(scope="module")
def recorded() -> list[Recorded]:
    return recordings.bundled()


@pytest.mark.parametrize("view", ["stamps", "timed", "ms", "ms_timed"])
def test_recorded_downloads_over_ten_seconds_have_their_clients_rate(recorded, view):
    long = [one for one in recorded if one.seconds > 10 and len(one.lines) > 5]
    found = accuracy(long, view, ours)
    print(view, found)
    assert len(found.errors) == found.asked >= 30
    assert found.quantile(0.5) <= 0.006
    assert found.quantile(0.9) <= 0.02
    assert found.quantile(0.9) <= accuracy(long, view, whole_seconds).quantile(0.9)


def test_a_recorded_download_is_refused_or_told_within_an_eighth(recorded):
    for view, share in {"stamps": 0.85, "ms_timed": 0.98}.items():
        found = accuracy(recorded, view, ours)
        print(view, found)
        assert found.quantile(1) <= 0.125
        assert found.answered_bytes >= share * found.asked_bytes
