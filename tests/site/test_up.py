"""`manage.py up`: it starts, heals, and leaves nothing behind."""

import signal
from pathlib import Path

import psutil
import pytest

from tests.site.stack import Stack, manage, within


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory):
    """Share one: starting takes seconds, and every test leaves it up."""
    data_dir = tmp_path_factory.mktemp("data")
    with Stack(data_dir, LANCACHE_LOG_DIR=str(data_dir)) as running:
        running.wait_until_up()
        yield running
        assert running.stop(signal.SIGINT) < 10
        assert running.process.returncode == 0


def gone(processes: list[psutil.Process]) -> bool:
    return not any(
        p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes
    )


def test_first_and_second_start(tmp_path: Path):
    with Stack(tmp_path, LANCACHE_LOG_DIR=str(tmp_path)) as first:
        first.wait_until_up()
        family = first.family()
        assert len(family) == 6  # the guard among them
        assert first.get("/admin/login/")[0] == 200
        assert first.stop(signal.SIGTERM) < 10
        assert first.process.returncode == 0
        assert gone(family)
    assert f"http://127.0.0.1:{first.port}/" in first.output
    assert "name      admin\n  password  " in first.output
    assert "Traceback" not in first.output
    assert stopping_order(first.output) == ["worker", "web", "broker"]
    with Stack(tmp_path, LANCACHE_LOG_DIR=str(tmp_path)) as second:
        second.wait_until_up()
        family = second.family()
        second.stop(signal.SIGKILL)
        within(3, lambda: gone(family), "no orphan")
    assert "password" not in second.output


def stopping_order(output: str) -> list[str]:
    signs = {
        "worker": "Warm shutdown",
        "web": "Finished server process",
        "broker": "ready to exit",
    }
    return sorted(signs, key=lambda name: output.index(signs[name]))


def test_killed_children_are_started_again(stack: Stack):
    victims = [
        stack.child(word)
        for word in (
            "lancache_site.worker",
            "uvicorn",
            "valkey-server",
            "lancache_site.beat",
        )
    ]
    for victim in victims:
        victim.kill()
    within(30, lambda: len(stack.output.split(" starts again in 1 s")) == 5, "said so")
    within(5, lambda: gone(victims), "the old ones gone")
    # Reading was seen before the kill: only a new broker knows nothing of it.
    stack.wait_until_up(60)
    assert len(stack.family()) == 6
    assert "worker was killed by SIGKILL" in stack.output


def test_worker_and_beat_survive_the_broker(stack: Stack):
    others = [stack.child("lancache_site.worker"), stack.child("lancache_site.beat")]
    stack.child("valkey-server").kill()
    within(30, lambda: stack.health().get("broker") == "down", "broker down")
    stack.wait_until_up(60)
    assert all(other.is_running() for other in others)


def test_second_up_on_one_data_dir_is_refused(stack: Stack):
    code, _, errors = manage(stack.data_dir, "up", PORT="1")
    assert code != 0
    assert f"(process {stack.process.pid}) already runs on {stack.data_dir}" in errors
    assert len(errors.splitlines()) == 1
