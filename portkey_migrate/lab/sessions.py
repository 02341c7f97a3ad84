"""Who is connected: a command of the tool is a session, each of its threads an actor, each of its connections to an API a channel."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from portkey_migrate.lab.calls import Call
from portkey_migrate.lab.frames import Header, Unpacker
from portkey_migrate.lab.http1 import Requests


@dataclass
class Channel:
    id: int
    host: str
    cluster: str
    requests: Requests = field(default_factory=Requests)
    out: bytearray = field(default_factory=bytearray)  # what the tool has not read yet
    over: str = ""  # "eof" or "reset", after `out`


@dataclass
class Actor:
    """One thread of the tool. It runs, or it is parked in one frame until the lab answers."""

    session: Session
    name: str
    sock: socket.socket | None = None  # None: forked, and not connected yet
    unpacker: Unpacker = field(default_factory=Unpacker)
    parked: Header | None = None
    until: float | None = None  # virtual time at which it is woken whatever happens
    ready: tuple[Header, bytes] | None = None  # the answer that it will get when its turn comes
    ran_from: float = 0.0  # wall time of the last answer
    call: Call | None = None  # the fetch or command that it is parked in
    slept: float = 0.0  # seconds that it let pass and that are not judged yet
    slept_at: float = 0.0
    same: bool = False  # since then it looked at something again, and nothing had changed
    looks: dict[str, bytes] = field(default_factory=dict)  # what it saw last, by where it looked


@dataclass
class Session:
    id: str
    number: int
    pid: int
    actors: dict[str, Actor] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)


def waits(actor: Actor) -> bool:
    """Whether it is parked and has no answer yet."""
    return actor.parked is not None and actor.ready is None
