"""What sources answered when they were recorded, and what others are documented to."""

import asyncio
import json
from pathlib import Path

import pytest

from bandwidth.sources import (
    Counter,
    SourceProblem,
    docker,
    exporters,
    glances,
    nginx,
    prometheus,
)
from bandwidth.sources.nginx import AccountingLog

DATA = Path(__file__).parent / "data"
ETH0 = (1_274_971_534, 2_273_912)


def text(name: str) -> str:
    return (DATA / name).read_text()


def bytes_of(counters: list[Counter], name: str) -> tuple[int | None, int | None]:
    return next((c.received, c.transmitted) for c in counters if c.name == name)


@pytest.mark.parametrize(
    ("name", "exporter"),
    [
        ("node_exporter.txt", exporters.NODE),
        ("netdata_prometheus_as_collected.txt", exporters.NETDATA),
    ],
)
def test_exporters_tell_counters_by_interface(name: str, exporter):
    assert bytes_of(exporters.counters_in(text(name), exporter), "eth0") == ETH0


def test_a_negative_link_speed_is_unknown():
    counters = exporters.counters_in(text("node_exporter.txt"), exporters.NODE)
    speeds = {one.name: one.link_bytes_per_second for one in counters}
    assert speeds["cni-podman0"] is None
    assert speeds["docker0"] == 1_250_000_000


def test_cadvisor_as_documented_tells_containers():
    documented = """
container_network_receive_bytes_total{id="/d/1",interface="eth0",name="lancache"} 5e6
container_network_transmit_bytes_total{id="/d/1",interface="eth0",name="lancache"} 9e9
container_network_receive_bytes_total{id="/",interface="eth0",name=""} 7
"""
    counters = exporters.counters_in(documented, exporters.CADVISOR)
    assert counters == [Counter("lancache/eth0", 5_000_000, 9_000_000_000)]


def test_one_of_several_is_chosen_by_any_part_of_its_name():
    counters = [Counter("lancache/eth0", 1, 2), Counter("dns/eth0", 3, 4)]
    assert exporters.chosen(counters, "dns") == [counters[1]]
    assert exporters.chosen(counters, "lancache/eth0") == [counters[0]]
    with pytest.raises(SourceProblem, match=r"no 'web', but dns/eth0, lancache/eth0"):
        exporters.chosen(counters, "web")


def test_docker_tells_what_the_container_sees():
    counters = docker.counters_in(json.loads(text("docker_stats.json")), "monolithic")
    assert counters == [Counter("monolithic/eth0", 17_227, 21_332_661)]


def test_a_container_on_the_hosts_network_points_to_the_host():
    answer = json.loads(text("docker_stats_hostnet.json"))
    with pytest.raises(SourceProblem, match="Watch the host's interface"):
        docker.counters_in(answer, "monolithic")


def test_podman_swaps_the_two_ways():
    answer = {"network": {"eth0": {"rx_bytes": 21_000_617, "tx_bytes": 19_866}}}
    counters = docker.counters_in(answer, "dns")
    assert counters == [Counter("dns/eth0", 19_866, 21_000_617)]


def test_glances_tells_counters_apart_from_what_came_since():
    counters = glances.counters_in(json.loads(text("glances_v4_network.json")))
    assert bytes_of(counters, "eth0") == ETH0
    speeds = {one.name: one.link_bytes_per_second for one in counters}
    assert speeds == {"eth0": None, "vethf5db31b": 1_250_000_000}


def test_older_glances_has_other_names():
    answer = [{"interface_name": "eth0", "cumulative_rx": 7, "cumulative_tx": 8}]
    assert glances.counters_in(answer) == [Counter("eth0", 7, 8)]


def test_the_first_answer_of_glances_tells_nothing():
    answer = [{"interface_name": "eth0", "bytes_recv_gauge": 0, "bytes_sent_gauge": 0}]
    with pytest.raises(SourceProblem, match="yet"):
        glances.counters_in(answer)


def test_prometheus_tells_series_apart_by_their_labels():
    series = prometheus.series_in(json.loads(text("prometheus_query.json")))
    assert series["eth0/127.0.0.1:9110/node"] == 253_436_710


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"status": "error", "error": "parse error"}, "parse error"),
        ({"status": "success", "data": {"resultType": "matrix"}}, "no vector"),
        ([], "no answer"),
    ],
)
def test_an_expression_that_gives_no_counters_says_why(answer, says: str):
    with pytest.raises(ValueError, match=says):
        prometheus.series_in(answer)


def test_vts_and_plus_as_documented_tell_zones():
    vts = {"serverZones": {"*": {"requestCounter": 3, "inBytes": 1, "outBytes": 2}}}
    plus = {"cache": {"requests": 9, "received": 7, "sent": 8}, "x": 1}
    assert nginx.zones_in(vts) == [Counter("all", 1, 2, requests=3)]
    assert nginx.zones_in(plus) == [Counter("cache", 7, 8, requests=9)]


def test_the_accounting_log_as_documented_is_added_up(tmp_path: Path):
    log = tmp_path / "accounting.log"
    line = "x|accounting_id:cache|requests:{}|bytes_in:10|bytes_out:2000|latency_ms:1\n"
    log.write_text(line.format(99))
    source = AccountingLog(log)
    assert asyncio.run(source.read()).counters == []
    with log.open("a") as file:
        file.write(line.format(1) + line.format(2) + line.format(4)[:20])
    expected = [Counter("cache", 20, 4000, requests=3)]
    assert asyncio.run(source.read()).counters == expected
    log.write_text(line.format(5))  # truncated
    assert asyncio.run(source.read()).counters[0].requests == 8


@pytest.mark.parametrize("answer", [None, [], {}, {"networks": {"eth0": 1}}, "x"])
def test_nonsense_is_a_problem_in_one_line(answer):
    for read in (
        lambda: docker.counters_in(answer, "x"),
        lambda: glances.counters_in(answer),
        lambda: nginx.zones_in(answer),
    ):
        with pytest.raises(SourceProblem) as problem:
            read()
        assert len(str(problem.value).splitlines()) == 1
