import pytest

from downloads import quantities


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_996, "10.0 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_600, "1.00 MB"),
        (7_960_000_000, "7.96 GB"),
        (2**63 - 1, "9.22 EB"),
    ],
)
def test_size_has_three_digits(count, text):
    assert quantities.size(count) == text


@pytest.mark.parametrize(
    ("bytes_per_second", "text"),
    [
        (0, "0 B/s"),
        (0.4, "0 B/s"),
        (999.96, "1.0 kB/s"),
        (45_200_000, "45.2 MB/s"),
        (125_400_000, "125.4 MB/s"),
        (999_960_000, "1.00 GB/s"),
        (1_250_000_000, "1.25 GB/s"),
    ],
)
def test_rate_is_of_bytes(bytes_per_second, text):
    assert quantities.rate(bytes_per_second) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.001, "1ms"),
        (0.41, "410ms"),
        (0.9996, "1.0s"),
        (4.23, "4.2s"),
        (9.96, "10s"),
        (59.6, "1m 0s"),
        (105, "1m 45s"),
        (3600, "1h 0m"),
        (7_530, "2h 5m"),
        (86_400 * 3 + 3_600 * 4 + 5, "3d 4h"),
    ],
)
def test_duration_has_its_two_largest_units(seconds, text):
    assert quantities.duration(seconds) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 7, "0 %"),
        (1, 1000, "<1 %"),
        (3, 4, "75 %"),
        (9999, 10000, ">99 %"),
        (7, 7, "100 %"),
    ],
)
def test_share_says_all_and_nothing_of_these_only(part, whole, text):
    assert quantities.share(part, whole) == text
