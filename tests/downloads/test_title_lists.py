"""Lists of names in both formats, whole, damaged and hostile. All rows are made up."""

import json

import pytest

from downloads import title_lists
from downloads.title_lists import NotAList

CSV = b"10;Counter-Strike;11\n10;Counter-Strike;12\n70;Half-Life;71\n"


def pics(**depots) -> bytes:
    mappings = {name.removeprefix("d"): value for name, value in depots.items()}
    return json.dumps({"metadata": {"v": 1}, "depotMappings": mappings}).encode()


def depot(owner, apps, names, **more):
    return {"ownerId": owner, "appIds": apps, "appNames": names, **more}


def names(data: bytes) -> dict[str, str]:
    return title_lists.parse(data).names


def test_each_line_of_a_csv_names_a_depot():
    expected = {"11": "Counter-Strike", "12": "Counter-Strike", "71": "Half-Life"}
    assert names(CSV) == expected


def test_a_depot_has_its_owners_name():
    data = pics(d731=depot(730, [10, 730], ["Counter-Strike", "CS2"], source="PICS"))
    assert names(data) == {"731": "CS2"}


@pytest.mark.parametrize("owner", [None, 99, "x", [], {}, True, 1e9])
def test_without_an_owner_among_its_apps_it_has_the_first_name(owner):
    assert names(pics(d5=depot(owner, [20, 10], ["B", "A"]))) == {"5": "B"}


def test_an_owner_without_a_name_leaves_the_first_one():
    assert names(pics(d5=depot(10, [20, 10], ["B", " "]))) == {"5": "B"}


def test_numbers_may_be_text():
    assert names(pics(d5=depot("10", ["20", "10"], ["B", "A"]))) == {"5": "A"}


def test_of_several_names_the_owners_is_taken_and_then_the_lowest_apps():
    twice = b'{"depotMappings": {"5": %s, "5": %s, "6": %s, "6": %s}}' % tuple(
        json.dumps(value).encode()
        for value in (
            depot(None, [1], ["Guest"]), depot(9, [9], ["Owner"]),
            depot(None, [8], ["Eight"]), depot(None, [7], ["Seven"]),
        )
    )  # fmt: skip
    assert names(twice) == {"5": "Owner", "6": "Seven"}


def test_a_csvs_order_does_not_matter():
    rows = [b"30;C;5", b"4;A;5", b"4;B;5", b"x;D;5"]
    assert names(b"\n".join(rows)) == names(b"\n".join(rows[::-1])) == {"5": "A"}


def test_a_mark_of_byte_order_is_no_part_of_a_list():
    assert names(b"\xef\xbb\xbf" + CSV) == names(CSV)
    assert names(b"\xef\xbb\xbf" + pics(d5=depot(1, [1], ["A"]))) == {"5": "A"}


def test_lines_are_utf8_or_latin_1():
    data = "10;Pokémon;1\n".encode() + "10;Pokémon;2\r\n".encode("latin-1")
    assert names(data) == {"1": "Pokémon", "2": "Pokémon"}


def test_json_may_be_latin_1():
    data = pics(d5=depot(1, [1], ["Pok_mon"])).replace(b"_", b"\xe9")
    assert names(data) == {"5": "Pokémon"}


def test_a_csvs_name_may_hold_semicolons_and_quotes():
    data = b'10;Steins;Gate;1\n10;"Say ""hi""; now";2\n10;";3\n'
    assert names(data) == {"1": "Steins;Gate", "2": 'Say "hi"; now', "3": '"'}


def test_names_are_one_line_without_what_no_page_can_show():
    hostile = ["A\n\tB\x00\u202e\ud800C", "<script>alert(1)</script>"]
    data = pics(d1=depot(1, [1], hostile[:1]), d2=depot(1, [1], hostile[1:]))
    assert names(data) == {"1": "A BC", "2": "<script>alert(1)</script>"}


@pytest.mark.parametrize(
    "row, reason",
    [
        (b"x", "line 2: it is not AppId;AppName;DepotId"),
        (b"1;2", "line 2: it is not AppId;AppName;DepotId"),
        (b"1;A;", "line 2: '' is no depot's number"),
        (b"1;A;-5", "line 2: '-5' is no depot's number"),
        ("1;A;٥".encode(), "line 2: '٥' is no depot's number"),
        (b"1;A;" + b"9" * 5000, f"line 2: '{'9' * 20}' is no depot's number"),
        (b"1; ;5", "line 2: it has no name"),
        (b"1;\x00;5", "line 2: it has no name"),
        (b"1;" + b"A" * 256 + b";5", "line 2: its name is longer than 255 characters"),
        (b"1" * 9_000_000, "line 2: it is not AppId;AppName;DepotId"),
    ],
)
def test_a_bad_row_of_a_csv_is_told_and_stops_no_other(row, reason):
    found = title_lists.parse(b"10;A;11\n" + row + b"\n10;B;12")
    assert (found.names, found.bad) == ({"11": "A", "12": "B"}, 1)
    assert found.examples == [reason]


@pytest.mark.parametrize(
    "value, reason",
    [
        (None, "it has no appNames"),
        (5, "it has no appNames"),
        ([], "it has no appNames"),
        ({}, "it has no appNames"),
        ({"appNames": None}, "it has no name"),
        ({"appNames": [], "appIds": {}}, "it has no name"),
        ({"appNames": [1, None, {"a": 1}]}, "it has no name"),
        ({"appNames": ["A" * 256]}, "its name is longer than 255 characters"),
    ],
)
def test_a_bad_row_of_json_is_told_and_stops_no_other(value, reason):
    found = title_lists.parse(pics(d1=value, d2=depot(1, [1], ["B"])))
    assert found.names == {"2": "B"}
    assert found.examples == [f"depot 1: {reason}"]


def test_of_many_bad_rows_some_are_told_and_all_are_counted():
    found = title_lists.parse(CSV + b"nonsense\n" * 1000)
    assert (found.bad, len(found.examples)) == (1000, title_lists.EXAMPLES)


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "It is empty."),
        (b"\xef\xbb\xbf \r\n", "It is empty."),
        (b"<!DOCTYPE html>\n<title>404</title>", "It names no depot. line 1:"),
        (b"\x00\xff" * 500, "It names no depot. line 1:"),
        (pics(), "It names no depot."),
        (b'{"depots": {}}', "It is JSON, but has no depotMappings."),
        (b'{"depotMappings": [1, 2]}', "It is JSON, but has no depotMappings."),
        (b'{"appNames": ["A"]}', "It is JSON, but has no depotMappings."),
        (b'{"depotMappings": ' + b"[" * 200_000, "It is nested too deeply"),
        (pics(d1=depot(1, [1], ["A"]))[:-9], "It is damaged, or was cut off:"),
    ],
)
def test_nonsense_is_told_in_one_line(data, reason):
    with pytest.raises(NotAList) as told:
        title_lists.parse(data)
    assert str(told.value).startswith(reason)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 200
