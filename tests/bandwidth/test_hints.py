"""Whether another interface carries more: for five minutes, and of what matters."""

from bandwidth.hints import MINUTE, Rivalry

BUSY = 100_000_000  # bytes a minute


def after(minutes: list[tuple[int, int]], every: int = MINUTE) -> list[str]:
    """Let eth0, which is watched, and eth1 carry so much in each minute."""
    rivalry, eth0, eth1 = Rivalry(), 10**12, 10**9
    told = [rivalry.compare(0, {"eth0": eth0}, {"eth1": eth1})]
    for number, (ours, theirs) in enumerate(minutes, 1):
        eth0, eth1 = eth0 + ours, eth1 + theirs
        told.append(rivalry.compare(number * every, {"eth0": eth0}, {"eth1": eth1}))
    return told


def test_five_minutes_on_end_are_a_hint():
    assert after([(5, BUSY)] * 6) == ["", "", "", "", "", "eth1", "eth1"]


def test_one_minute_of_more_of_its_own_begins_it_anew():
    minutes = [(5, BUSY)] * 4 + [(BUSY + 1, BUSY)] + [(5, BUSY)] * 4
    assert not any(after(minutes))


def test_it_goes_when_the_watched_one_carries_more_again():
    assert after([(5, BUSY)] * 5 + [(2 * BUSY, BUSY)])[-2:] == ["eth1", ""]


def test_chatter_is_no_traffic():
    assert not any(after([(1000, 2000)] * 10))


def test_a_counter_that_was_set_back_is_no_traffic():
    assert not any(after([(5, BUSY)] * 3 + [(-(10**9), BUSY)] + [(5, BUSY)] * 3))
    assert not any(after([(5, BUSY)] * 3 + [(5, -BUSY)] + [(5, BUSY)] * 3))


def test_after_a_long_silence_it_counts_anew():
    assert not any(after([(5, BUSY)] * 9, every=3 * MINUTE))


def test_the_watched_are_taken_together_and_the_busiest_is_named():
    rivalry = Rivalry()
    told = ""
    for minute in range(7):
        watched = {"eth0": minute * BUSY, "eth1": minute * BUSY}
        rivals = {"eth2": minute * BUSY * 3, "eth3": minute * BUSY * 4, "eth4": 0}
        told = rivalry.compare(minute * MINUTE, watched, rivals)
        if minute == 4:
            assert told == ""
    assert told == "eth3"
    assert rivalry.won == {"eth2": 6, "eth3": 6}


def test_it_is_due_once_a_minute():
    rivalry = Rivalry()
    assert rivalry.is_due(5)
    rivalry.compare(5, {}, {})
    assert not rivalry.is_due(MINUTE)
    assert rivalry.is_due(MINUTE + 5)
