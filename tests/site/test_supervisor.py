"""The supervisor on its own, with children of a few lines."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.site.stack import MANAGE, within

SUPERVISOR = (sys.executable, "-m", "lancache_site.supervisor")
STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
STUBBORN += "print('deaf'); time.sleep(60)"


class Supervised:
    def __init__(self, folder: Path, **children: str) -> None:
        listed = [
            {"name": name, "command": [sys.executable, "-c", code], "stop_seconds": 1}
            for name, code in children.items()
        ]
        (folder / "processes.json").write_text(json.dumps(listed))
        self.path = folder / "output"
        with self.path.open("wb") as output:
            self.process = subprocess.Popen(
                [*SUPERVISOR, str(folder / "processes.json")],
                cwd=MANAGE.parent,
                stdout=output,
            )

    def wait_for(self, text: str) -> str:
        within(15, lambda: text in self.path.read_text(), text)
        return self.path.read_text()

    def stop(self) -> float:
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(15) == 0
        return time.monotonic() - began


@pytest.fixture
def supervise(tmp_path: Path):
    running: list[Supervised] = []

    def start(**children: str) -> Supervised:
        running.append(Supervised(tmp_path, **children))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.wait()


def test_lines_bear_the_name_of_who_wrote_them(supervise):
    code = "print('one'); print('two', end='', flush=True); import os; os._exit(3)"
    both = supervise(a=code, longer="import time; print('three'); time.sleep(60)")
    output = both.wait_for("starts again in 2 s")
    assert "a      | one\n" in output
    assert "a      | two\n" in output
    assert "longer | three\n" in output
    assert "up     | a ended with exit code 3\n" in output
    both.stop()


def test_restarts_come_ever_later(supervise):
    output = supervise(a="raise SystemExit(1)").wait_for("starts again in 4 s")
    waits = [line.split()[-2] for line in output.splitlines() if "again" in line]
    assert waits == ["1", "2", "4"]


def test_a_child_that_does_not_stop_is_killed(supervise):
    one = supervise(a=STUBBORN)
    one.wait_for("deaf")
    assert one.stop() < 3
    assert "a did not stop in time: killed" in one.path.read_text()


def test_asking_twice_kills_at_once(supervise):
    one = supervise(a=STUBBORN, b=STUBBORN)
    within(15, lambda: one.path.read_text().count("deaf") == 2, "both up")
    one.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert one.stop() < 0.7


def test_what_a_dead_child_had_started_goes_too(supervise):
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '60']);"
    code += "print('pid', p.pid, 'end'); time.sleep(1)"
    output = supervise(a=code).wait_for("ended with exit code 0")
    number = int(output.split("pid ")[1].split()[0])
    within(2, lambda: not psutil.pid_exists(number), "the grandchild gone")


def test_nothing_outlives_a_killed_supervisor(supervise):
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '60']);"
    code += "print('pid', p.pid, 'end'); time.sleep(60)"
    one = supervise(a=code)
    number = int(one.wait_for("end").split("pid ")[1].split()[0])
    family = psutil.Process(one.process.pid).children(recursive=True)
    assert number in [process.pid for process in family]
    one.process.kill()
    within(2, lambda: not any(p.is_running() for p in family), "child and grandchild")


def test_children_die_with_the_supervisor_though_its_guard_is_dead(supervise):
    one = supervise(a="import time; print('up'); time.sleep(60)")
    one.wait_for("up")
    guard, child = psutil.Process(one.process.pid).children()
    guard.kill()
    one.process.kill()
    within(2, lambda: not child.is_running(), "the child gone")


def test_a_program_that_is_missing_is_said(tmp_path: Path, supervise):
    one = supervise(a="")
    one.process.kill()
    listed = [{"name": "a", "command": ["/nowhere/x"], "stop_seconds": 1}]
    (tmp_path / "processes.json").write_text(json.dumps(listed))
    again = subprocess.Popen(
        [*SUPERVISOR, str(tmp_path / "processes.json")],
        cwd=MANAGE.parent,
        stdout=subprocess.PIPE,
    )
    assert again.stdout
    with again.stdout:
        assert b"a can't be started: [Errno 2]" in again.stdout.readline()
        again.terminate()
        again.wait(5)


def test_colour_codes_of_children_do_not_pass(supervise):
    one = supervise(a=r"import time; print('\x1b[2Jx'); time.sleep(60)")
    assert "a | ?[2Jx" in one.wait_for("x")


def test_endless_lines_are_cut(supervise):
    code = "import sys, time; sys.stdout.write('y' * 200_000); sys.stdout.flush();"
    one = supervise(a=code + "print('end'); time.sleep(60)")
    assert max(map(len, one.wait_for("end").splitlines())) < 140_000


def test_it_does_not_load_django():
    code = "import lancache_site.supervisor, sys; print('django' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=MANAGE.parent,
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert run.stdout == b"False\n"
