"""Of two access formats that tell the same traffic, one is read."""

from itertools import pairwise, permutations

import pytest

from ingest.series import RICHNESS, Series, set_aside

DAY = 86_400


def series(name: str, format: str, first=0, last=DAY, being_read=False) -> Series:
    return Series(name, format, first, last, being_read)


def test_the_stock_log_is_read_rather_than_another_format():
    both = [series("access-json.log", "A2"), series("access.log", "A1")]
    assert set_aside(both) == {"access-json.log": "access.log"}


def test_what_is_being_read_goes_on_being_read():
    json = series("access-json.log", "A2", being_read=True)
    assert set_aside([series("access.log", "A1"), json]) == {
        "access.log": "access-json.log"
    }


@pytest.mark.parametrize(("richer", "poorer"), list(pairwise(RICHNESS)))
def test_without_either_the_richer_format_is_read(richer: str, poorer: str):
    both = [series("access-a.log", poorer), series("access-b.log", richer)]
    assert set_aside(both) == {"access-a.log": "access-b.log"}


def test_one_format_in_files_of_several_services_is_all_read():
    names = ["steam-access.log", "wsus-access.log", "fallback-access.log"]
    assert set_aside([series(name, "A4") for name in names]) == {}


def test_all_services_files_are_set_aside_for_the_stock_log():
    some = [series("steam-access.log", "A4"), series("wsus-access.log", "A4")]
    assert set_aside([*some, series("access.log", "A1")]) == {
        "steam-access.log": "access.log",
        "wsus-access.log": "access.log",
    }


def test_formats_that_follow_each_other_are_both_read():
    old = series("access.log", "A1", 0, DAY)
    assert set_aside([old, series("access-json.log", "A2", DAY + 1, 2 * DAY)]) == {}


def test_the_minutes_in_which_formats_change_over_are_no_double():
    old = series("access.log", "A1", 0, DAY + 300)
    assert set_aside([old, series("access-json.log", "A2", DAY, 2 * DAY)]) == {}


def test_a_second_format_that_began_just_now_is_a_double():
    old = series("access.log", "A1", 0, DAY)
    new = series("access-json.log", "A2", DAY - 60, DAY)
    assert set_aside([old, new]) == {"access-json.log": "access.log"}


def test_logs_of_a_single_second_can_be_doubles():
    one, other = series("access.log", "A1", 5, 5), series("access-json.log", "A2", 5, 5)
    assert set_aside([one, other]) == {"access-json.log": "access.log"}


def test_a_log_that_changed_its_format_is_no_rival_of_either():
    mixed = series("access.log", "A1, A1t")
    assert set_aside([mixed, series("lan-access.log", "A1t")]) == {}


def test_an_unknown_format_is_no_rival():
    assert set_aside([series("access.log", ""), series("access-json.log", "A2")]) == {}


def test_the_answer_does_not_depend_on_the_order():
    three = [
        series("access-json.log", "A2"),
        series("access-timed.log", "A1t"),
        series("access-detailed.log", "A4"),
    ]
    answers = [set_aside(order) for order in permutations(three)]
    assert answers == [answers[0]] * 6
    assert set(answers[0].values()) == {"access-json.log"}
