"""A guard that outlives the supervisor by a moment, and kills what it left running.

Linux can be asked to kill a child whose parent is gone (PR_SET_PDEATHSIG), but what
that child had started itself would live on. Standard library only, as the supervisor.
"""

import contextlib
import os
import signal


class Guard:
    """A process that holds one end of a pipe: its end of file is our death.

    Make it before any thread and any child. It also holds what was inherited, such as
    the lock on DATA_DIR, until nothing is left.
    """

    def __init__(self) -> None:
        reading, self._pipe = os.pipe()
        if os.fork() == 0:
            os.close(self._pipe)
            try:
                _watch(reading)
            finally:
                os._exit(0)
        os.close(reading)

    def add(self, group: int) -> None:
        """Kill this process group should we be killed."""
        self._tell(b"+%d\n" % group)

    def forget(self, group: int) -> None:
        self._tell(b"-%d\n" % group)

    def _tell(self, line: bytes) -> None:
        # Without a guard, if somebody killed it, children still die with us.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, line)


def _watch(pipe: int) -> None:
    os.setsid()  # Ctrl-C is the supervisor's
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    groups: set[int] = set()
    with os.fdopen(pipe, "rb") as lines:
        for line in lines:
            change = groups.add if line.startswith(b"+") else groups.discard
            change(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
