"""Start processes in order, keep them running, stop them in the opposite order.

``python -m lancache_site.supervisor FILE`` where FILE lists the processes as JSON.
Standard library only: it stays for months beside a busy cache, and Django would cost
it 20 MB. One thread only: on Linux a child dies with the *thread* that started it.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from lancache_site.orphans import Guard

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
SETTLED = 60.0  # a child that lived so long starts afresh with its delays
LONGEST_LINE = 64 * 1024
COLOURS = (36, 32, 33, 35, 34, 31)
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclasses.dataclass(eq=False)
class Child:
    """One process: what to run, how long it may take to stop, how it fares."""

    name: str
    command: list[str]
    stop_seconds: float
    socket: str = ""  # the next child waits until this unix socket answers
    ignore: str = ""  # lines that hold this are not passed on
    process: subprocess.Popen[bytes] | None = None
    tail: bytes = b""  # an unfinished line
    started_at: float = 0.0
    start_again_at: float | None = None
    delay: float = FIRST_DELAY


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent is gone."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone before we could ask
            os._exit(1)


def answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def how_it_ended(code: int) -> str:
    return (
        f"was killed by {signal.Signals(-code).name}"
        if code < 0
        else f"ended with exit code {code}"
    )


class Supervisor:
    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.width = max(len(child.name) for child in children)
        self.coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.stopping = False
        self.hurry = False
        self.guard = Guard()
        self.selector = selectors.DefaultSelector()
        # Signals only wake the loop up: no work is done inside a handler.
        self.wakeup, waker = socket.socketpair()
        self.waker = waker
        for end in (self.wakeup, waker):
            end.setblocking(False)
        self.selector.register(self.wakeup, selectors.EVENT_READ)

    def run(self) -> None:
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOP_SIGNALS:
            signal.signal(number, self.ask_to_stop)
        for child in self.children:
            if not self.stopping:
                self.start(child)
                self.wait_for_socket(child)
        while not self.stopping:
            self.turn(self.until_next_start())
            self.start_again()
        for child in reversed(self.children):
            self.stop(child)
        self.say("all stopped")

    def ask_to_stop(self, *_: object) -> None:
        self.hurry = self.stopping  # asked twice: no more patience
        self.stopping = True

    # --- One child ---------------------------------------------------------------
    def start(self, child: Child) -> None:
        parent = os.getpid()
        child.start_again_at = None
        child.started_at = time.monotonic()
        try:
            child.process = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C reaches only the supervisor.
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )
        except OSError as error:
            self.say(f"{child.name} can't be started: {error}")
            self.plan_restart(child)
            return
        self.guard.add(child.process.pid)
        assert child.process.stdout
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def wait_for_socket(self, child: Child, patience: float = 5.0) -> None:
        deadline = time.monotonic() + patience
        while child.socket and child.process and time.monotonic() < deadline:
            if self.stopping or answers(child.socket):
                return
            self.turn(0.02)

    def stop(self, child: Child) -> None:
        deadline = time.monotonic() + child.stop_seconds
        if child.process:
            child.process.terminate()
        while child.process and not self.hurry and time.monotonic() < deadline:
            self.turn(deadline - time.monotonic())
        if child.process:
            self.say(f"{child.name} did not stop in time: killed")
            child.process.kill()
            while child.process:
                self.turn(0.1)

    def start_again(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.start_again_at is not None and child.start_again_at <= now:
                self.start(child)

    def plan_restart(self, child: Child) -> None:
        lived = time.monotonic() - child.started_at
        if lived > SETTLED:
            child.delay = FIRST_DELAY
        child.start_again_at = time.monotonic() + child.delay
        self.say(f"{child.name} starts again in {child.delay:.0f} s")
        child.delay = min(child.delay * 2, LONGEST_DELAY)

    # --- The loop ----------------------------------------------------------------
    def until_next_start(self) -> float | None:
        due = [c.start_again_at for c in self.children if c.start_again_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def turn(self, timeout: float | None) -> None:
        """Wait for output, a signal or the time; pass output on; note the dead."""
        for key, _ in self.selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self.wakeup.recv(4096)
            else:
                self.pass_on(key.data)
        for child in self.children:
            if child.process:
                self.note_death(child, child.process)

    def note_death(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        # WNOWAIT leaves the zombie, and with it the number of its group, in place
        # until whatever the child had started itself is gone too.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if os.waitid(os.P_PID, process.pid, flags) is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        self.guard.forget(process.pid)
        self.pass_on(child)
        self.close_output(process)
        if child.tail:
            self.write(child, child.tail)
        child.process, child.tail = None, b""
        if not self.stopping:
            self.say(f"{child.name} {how_it_ended(code)}")
            self.plan_restart(child)

    # --- What is printed ---------------------------------------------------------
    def pass_on(self, child: Child) -> None:
        assert child.process and child.process.stdout
        with contextlib.suppress(BlockingIOError, ValueError):
            while chunk := os.read(child.process.stdout.fileno(), LONGEST_LINE):
                *lines, child.tail = (child.tail + chunk).split(b"\n")
                for line in lines:
                    self.write(child, line)
                if len(child.tail) >= LONGEST_LINE:
                    self.write(child, child.tail)
                    child.tail = b""
            self.close_output(child.process)

    def close_output(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        if not process.stdout.closed:
            self.selector.unregister(process.stdout)
            process.stdout.close()

    def write(self, child: Child, line: bytes) -> None:
        if child.ignore and child.ignore.encode() in line:
            return
        colour = COLOURS[self.children.index(child) % len(COLOURS)]
        # What a stranger made a child log must not drive the operator's terminal.
        self.emit(child.name, line.rstrip(b"\r").replace(b"\x1b", b"?"), colour)

    def say(self, text: str) -> None:
        self.emit("up", text.encode(), 1)

    def emit(self, name: str, text: bytes, colour: int) -> None:
        prefix = f"{name:{self.width}} | "
        if self.coloured:
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        # A terminal or a pipe that was closed is no reason to stop.
        with contextlib.suppress(OSError):
            os.write(1, prefix.encode() + text + b"\n")


def main(path: str) -> None:
    listed = json.loads(Path(path).read_text())
    os.environ["PYTHONUNBUFFERED"] = "1"  # or a child's lines would come late
    Supervisor([Child(**fields) for fields in listed]).run()


if __name__ == "__main__":
    main(sys.argv[1])
