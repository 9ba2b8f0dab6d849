"""A cache and a client in network namespaces: bytes, and whose fault it is."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests import namespaces
from tests.bandwidth.over_cable import transfer
from tests.namespaces import CLIENT, Cable

MEGA = 1_000_000


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    namespaces.needed()


def unchanged(cable: Cable) -> None:
    """A cable that is faster than what goes over it."""


@pytest.mark.parametrize(
    ("serving", "fetching", "prepare", "limit"),
    [
        ({"size": 10 * MEGA}, {"buffer": 65536, "rate": 5 * MEGA}, unchanged, "client"),
        ({"size": 40 * MEGA}, {"rate": 20 * MEGA}, unchanged, "client"),
        ({"size": 10 * MEGA}, {}, lambda cable: cable.slow_down(40), "network"),
        ({"size": 15 * MEGA}, {}, lambda cable: cable.lose(5), "network"),
        ({"size": 4 * MEGA, "piece": 200_000, "pause": 0.1}, {}, unchanged, "cache"),
    ],
    ids=["small window", "slow reader", "slow link", "loss", "slow cache"],
)
def test_the_limit_is_named_and_every_byte_counted(
    serving: dict[str, Any],
    fetching: dict[str, Any],
    prepare: Callable[[Cable], None],
    limit: str,
):
    with namespaces.cable() as cable:
        prepare(cable)
        sampled, got = transfer(cable, serving, fetching, patience=60)
    named = Counter(one["limit"] for one in sampled["limits"])
    assert named.most_common(1)[0][0] == limit, named
    assert {client for client, *_ in sampled["clients"]} == {CLIENT}
    # The end of a connection is one byte more.
    assert sum(size for *_, size in sampled["clients"]) - got["bytes"] in (0, 1)
    # Nothing else is on this cable: what was stored is what its far end counted, but
    # for a last packet or two without data, between one's last look and the other's.
    counted = got["counted"][-1][1] - got["counted"][0][1]
    assert abs(sum(size for _, size, *_ in sampled["interface"]) - counted) < 3 * 66
