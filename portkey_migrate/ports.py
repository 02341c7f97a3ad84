"""What comes in from outside: time, tasks, the wire, subprocesses, ids, a person, and the systems.

A room above takes a port, never the thing itself; `session.py` alone chooses the real ones or the lab's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from portkey_migrate.model import Change, Ref, Seen


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds; only differences mean something."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Tasks(Protocol):
    def run_all(self, jobs: Sequence[tuple[str, Callable[[], Any]]]) -> list[Any]:
        """Runs named jobs side by side and returns their results, or the exceptions that they ended with, in order."""
        ...


@dataclass(frozen=True)
class Reply:
    """What one HTTP request to an ingress came back with. `status` 0: no answer (`error` says how)."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    body: bytes  # the first 64 KiB
    certificate: str = ""  # SHA-256 of the DER certificate that was served for the name; "" without TLS
    error: str = ""


class Transport(Protocol):
    def connect(self, host: str, port: int, timeout: float) -> Any | None:
        """A socket-like object (`sendall makefile settimeout close`) that already carries plain HTTP/1.1 to that API.

        None: use the real network and its TLS.
        """
        ...

    def fetch(self, address: str, host: str, path: str, timeout: float) -> Reply:
        """One GET over HTTPS to an address, with SNI and Host of a name, redirects not followed, the certificate reported and not judged."""
        ...


@dataclass(frozen=True)
class Ran:
    code: int
    stdout: str
    stderr: str


class Run(Protocol):
    def __call__(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Ran: ...


class Ids(Protocol):
    def hex(self, length: int) -> str: ...

    def who(self) -> str: ...

    def host(self) -> str: ...

    def pid(self) -> int: ...


class People(Protocol):
    """A person, or who answers in a person's place (a lab's policy, `-y`, `--confirm`)."""

    def can_answer(self, *, severe: bool, name: str = "") -> bool:
        """Whether a question could be answered at all: a terminal, `-y` (not for severe), or `--confirm` of that name."""
        ...

    def agrees(self, question: str) -> bool:
        """Moderate: y/N."""
        ...

    def types(self, question: str, name: str) -> bool:
        """Severe: the name is typed, or given by `--confirm`."""
        ...

    def tells(self, question: str) -> str | None:
        """An `ask` task: the person's own yes, "" for no; None: nobody is there to answer."""
        ...


class System(Protocol):
    """Anything outside us with an API. A transport may refuse the second send of one attempt."""

    def read(self, ref: Ref) -> Seen:
        """One look at one object. Raises `Unreachable` when the system cannot answer."""
        ...

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        """All objects of a kind (in a namespace) and the version of the list, for a watch. Raises `Unreachable`."""
        ...

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        """Returns when an object of that kind changed after `since`, when the watch ended, or after `timeout` seconds."""
        ...

    def send(self, change: Change, seen: Seen, token: str) -> None:
        """One mutating call, under what was seen. `token` names row and attempt; a second send of one token raises.

        Raises `Conflict`, `NoReply` (it may have happened), `SendRefused` (it did not).
        """
        ...

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        """A read that is no object: `can-i`, `dry-run`, `version`, … (each system's own list). Changes nothing."""
        ...

    def by_hand(self, change: Change) -> Sequence[Sequence[str]]:
        """The change and the look after it, as argv that a person can type."""
        ...


@dataclass(frozen=True)
class Ports:
    """Everything that is not a cluster: chosen once, by the session."""

    clock: Clock
    tasks: Tasks
    transport: Transport
    run: Run
    ids: Ids
    people: People
    committed: Callable[[], None] = lambda: None  # told after each commit (the lab parks the tool there)
