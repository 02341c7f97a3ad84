"""The real ports: this machine's clock, threads, subprocesses, names and network. Chosen by the session alone."""

from __future__ import annotations

import getpass
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from portkey_migrate.ports import Ran, Reply
from portkey_migrate.systems import traffic

_TIMED_OUT, _NOT_FOUND = 124, 127  # as timeout(1) and the shell say it


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class RealTasks:
    def run_all(self, jobs: Sequence[tuple[str, Callable[[], Any]]]) -> list[Any]:
        """A thread for each job; what a job ended with stands in its place, an exception too: one that fails must not hide the others."""
        if not jobs:
            return []

        def caught(job: Callable[[], Any]) -> Any:
            try:
                return job()
            except Exception as error:  # noqa: BLE001 (handed to the caller whole, in the job's place)
                return error

        with ThreadPoolExecutor(len(jobs), thread_name_prefix="subject") as pool:
            return list(pool.map(caught, [job for _, job in jobs]))


class RealTransport:
    def connect(self, host: str, port: int, timeout: float) -> None:
        """None: the library opens its own connection, with its TLS."""

    def fetch(self, address: str, host: str, path: str, timeout: float) -> Reply:
        return traffic.fetch(address, host, path, timeout)


class RealRun:
    def __call__(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Ran:
        """One command without a shell. Over time its whole process group is killed: `rbd` under a wrapper goes on and holds a watcher otherwise."""
        try:
            # A session of its own: Ctrl-C is the operator's word to us, a half-run rbd command would not be undone by it.
            process = subprocess.Popen(  # noqa: S603 (argv from the recipe or a person's own settings, never through a shell)
                list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
            )
        except FileNotFoundError:
            return Ran(_NOT_FOUND, "", f"{argv[0]}: not found")
        except OSError as error:
            return Ran(126, "", f"{argv[0]}: {error.strerror}")
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            out, err = process.communicate()
            return Ran(_TIMED_OUT, out, f"{err}timed out after {timeout:.0f} s")
        except BaseException:
            _kill(process)
            raise
        return Ran(process.returncode, out, err)


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class RealIds:
    def hex(self, length: int) -> str:
        return secrets.token_hex((length + 1) // 2)[:length]

    def who(self) -> str:
        try:
            return getpass.getuser()
        except (KeyError, OSError):  # a container's uid without a name
            return str(os.getuid())

    def host(self) -> str:
        return socket.gethostname()

    def pid(self) -> int:
        return os.getpid()
