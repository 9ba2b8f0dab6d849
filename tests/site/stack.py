"""`manage.py up` as a process of its own, as an operator runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

MANAGE = Path(__file__).parent.parent.parent / "manage.py"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "HOST": "127.0.0.1", "DATA_DIR": str(data_dir), **settings}


def manage(data_dir: Path, *words: str, **settings: str) -> tuple[int, str, str]:
    """Run a command to its end; return exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, str(MANAGE), *words],
        env=environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def within(seconds: float, condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found


class Stack:
    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(MANAGE), "up"],
            env=environment(data_dir, PORT=str(self.port), **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        finally:
            self.process.kill()
            self.process.wait()
            self.reader.join(5)
            assert self.process.stdout
            self.process.stdout.close()

    def read(self) -> None:
        assert self.process.stdout
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body, or (0, reason) while nobody answers."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError as error:
            return 0, str(error).encode()

    def health(self) -> dict[str, str]:
        status, body = self.get("/healthz")
        state: dict[str, str] = json.loads(body) if status in (200, 503) else {}
        return state

    def wait_until_up(self, seconds: float = 60) -> None:
        def up() -> bool:
            assert self.process.poll() is None, self.output
            return self.get("/healthz")[0] == 200

        within(seconds, up, f"everything up\n{self.output}")

    def family(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(
            recursive=True
        )
        return found

    def child(self, word: str) -> psutil.Process:
        """Return the one child that has ``word`` as its program or an argument."""
        (found,) = [
            child
            for child in self.family()
            if word == child.name() or word in child.cmdline()
        ]
        return found

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send the signal to the supervisor; return the seconds until it was gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        self.reader.join(5)
        return time.monotonic() - began
