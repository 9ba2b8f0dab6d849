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
        (999.4, "999 B/s"),
        (999.6, "1.0 kB/s"),
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


BITS = quantities.Units(rates_in_bits=True)
BINARY = quantities.Units(binary=True)
BINARY_BITS = quantities.Units(rates_in_bits=True, binary=True)


@pytest.mark.parametrize(
    ("units", "bytes_per_second", "text"),
    [
        (BITS, 0, "0 bit/s"),
        (BITS, 0.125, "1 bit/s"),
        (BITS, 124.9, "999 bit/s"),
        (BITS, 125, "1.0 kbit/s"),
        (BITS, 124_990_000, "999.9 Mbit/s"),
        (BITS, 124_995_000, "1.000 Gbit/s"),
        (BITS, 125_400_000, "1.003 Gbit/s"),
        (BITS, 1_250_000_000, "10.000 Gbit/s"),
        (BINARY, 1023, "1023 B/s"),
        (BINARY, 1024, "1.0 KiB/s"),
        (BINARY, 125_400_000, "119.6 MiB/s"),
        (BINARY, 2**30 - 1, "1.00 GiB/s"),
        (BINARY_BITS, 127, "1016 bit/s"),
        (BINARY_BITS, 128, "1.0 Kibit/s"),
        (BINARY_BITS, 125_400_000, "956.7 Mibit/s"),
        (BINARY_BITS, 2**27, "1.000 Gibit/s"),
    ],
)
def test_rate_is_in_the_units_that_are_preferred(units, bytes_per_second, text):
    with quantities.written_in(units):
        assert quantities.rate(bytes_per_second) == text


@pytest.mark.parametrize(
    ("units", "count", "text"),
    [
        (BITS, 7_960_000_000, "7.96 GB"),
        (BINARY, 7_960_000_000, "7.41 GiB"),
        (BINARY_BITS, 7_960_000_000, "7.41 GiB"),
        (BINARY, 1023, "1023 B"),
        (BINARY, 1024, "1.00 KiB"),
        (BINARY, 2**63 - 1, "8.00 EiB"),
    ],
)
def test_size_is_in_bytes_whatever_rates_are_in(units, count, text):
    with quantities.written_in(units):
        assert quantities.size(count) == text


def test_the_exact_rate_says_whether_it_counts_bits():
    assert quantities.exact_rate(125_400_000.4) == "125,400,000 bytes per second"
    with quantities.written_in(BITS):
        assert quantities.exact_rate(125_400_000) == "1,003,200,000 bits per second"


@pytest.mark.parametrize(
    ("units", "largest", "step"),
    [
        (quantities.PLAIN, 0, (1, "B")),
        (quantities.PLAIN, 7_960_000_000, (10**9, "GB")),
        (BITS, 7_960_000_000, (10**9, "GB")),
        (BINARY, 7_960_000_000, (2**30, "GiB")),
    ],
)
def test_an_axis_counts_bytes_in_one_unit(units, largest, step):
    with quantities.written_in(units):
        assert quantities.axis(largest) == step


def test_units_end_with_their_block_and_nest():
    with quantities.written_in(BITS):
        with quantities.written_in(BINARY):
            assert quantities.rate(2**20) == "1.0 MiB/s"
        assert quantities.rate(1_000_000) == "8.0 Mbit/s"
    assert quantities.rate(1_000_000) == "1.0 MB/s"
