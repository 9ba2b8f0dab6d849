"""Killed at any moment, any number of times: nothing is lost, nothing comes twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLS, LINES = 8, 300_000


def test_after_kills_and_rotations_the_facts_are_those_of_an_undisturbed_run():
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.kills", str(KILLS), str(LINES)],
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["kills"] >= KILLS // 2, "most processes ended before they were killed"
    assert report["rotations"] > 0
    assert all(same for _rows, same in report["tables"].values()), report
    assert report["tables"]["sessions"][0] == LINES // 100
