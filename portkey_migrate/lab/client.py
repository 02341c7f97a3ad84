"""The tool's end of the lab's socket: the ports, standard library alone.

One thread of the tool is one actor with a connection of its own. What it does without waiting (bytes to a channel) is told; whatever waits is
asked, and the thread is parked in `recv` until the lab answers. So at most one actor runs, and time moves only while all are parked.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from portkey_migrate.lab.frames import Frame, Header, Unpacker, pack
from portkey_migrate.ports import Ran, Reply

_CHUNK = 1 << 18


class LabGone(ConnectionError):
    """The lab ended, or this command was told to die."""


class Wire:
    """One actor's connection."""

    def __init__(self, path: str, session: str, actor: str) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.connect(path)
        self._unpacker = Unpacker()
        self._frames: list[Frame] = []
        self._asked = 0
        self._ran, self._since = 0.0, time.perf_counter()
        self.actor = actor
        self.now = 0.0
        self.hello, _ = self.ask({"do": "hello", "session": session, "actor": actor, "pid": os.getpid()})

    def tell(self, header: Header, body: bytes = b"") -> None:
        self._ran += time.perf_counter() - self._since
        try:
            self._sock.sendall(pack(header, body))
        finally:
            self._since = time.perf_counter()

    def ask(self, header: Header, body: bytes = b"") -> Frame:
        """Parked until the answer to this very frame comes: a Ctrl-C may have left an older one unanswered."""
        # The tool's own time ends where it comes in here and begins again where it leaves, by a Ctrl-C too (docs/decisions/0015).
        ran, self._ran = self._ran + time.perf_counter() - self._since, 0.0
        try:
            self._asked += 1
            self._sock.sendall(pack({**header, "id": self._asked, "ran": ran}, body))
            return self._answer()
        finally:
            self._since = time.perf_counter()

    def _answer(self) -> Frame:
        while True:
            while not self._frames:
                data = self._sock.recv(_CHUNK)
                if not data:
                    raise LabGone("the lab has ended")
                self._frames += self._unpacker.feed(data)
            answer, rest = self._frames.pop(0)
            if answer.get("id") == self._asked:
                self.now = answer["now"]
                return answer, rest

    def close(self) -> None:
        self._sock.close()


class Lab:
    """The ports of one command in the lab."""

    def __init__(self, path: str, session: str = "", actor: str = "main") -> None:
        self._path = path
        self._own = threading.local()
        self._chans = 0
        wire = Wire(path, session, actor)
        self._own.wire = wire
        self.session: str = wire.hello["session"]
        self.world: str = wire.hello["world"]
        self.clock = LabClock(self)
        self.tasks = LabTasks(self)
        self.transport = LabTransport(self)
        self.ids = LabIds(self.session, wire.hello)
        self.people: LabPeople | None = LabPeople(self) if wire.hello["people"] else None

    @property
    def wire(self) -> Wire:
        """This thread's connection."""
        wire: Wire = self._own.wire
        return wire

    def run(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Ran:
        answer, _ = self.wire.ask({"do": "run", "argv": list(argv), "timeout": timeout, "stdin": stdin})
        return Ran(answer["code"], answer["stdout"], answer["stderr"])

    def committed(self) -> None:
        """The journal has committed: the lab may copy the world and `state/` now, so the tool stands still here."""
        self.wire.ask({"do": "committed"})

    def next_chan(self) -> int:
        self._chans += 1
        return self._chans

    @contextlib.contextmanager
    def as_actor(self, name: str) -> Iterator[None]:
        """This thread is an actor of its own."""
        wire = Wire(self._path, self.session, name)
        self._own.wire = wire
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                wire.tell({"do": "bye"})
            wire.close()


class LabClock:
    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._lab.wire.now, UTC)

    def monotonic(self) -> float:
        return self._lab.wire.now

    def sleep(self, seconds: float) -> None:
        self._lab.wire.ask({"do": "sleep", "seconds": seconds})


class LabTasks:
    """Real threads, each an actor; the lab lets one run at a time, in the order in which they were named."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def run_all(self, jobs: Sequence[tuple[str, Callable[[], Any]]]) -> list[Any]:
        here = self._lab.wire
        names = [f"{here.actor}/{n}:{name}" for n, (name, _) in enumerate(jobs)]
        out: list[Any] = [None] * len(jobs)

        def work(n: int) -> None:
            with self._lab.as_actor(names[n]):
                try:
                    out[n] = jobs[n][1]()
                except Exception as error:  # noqa: BLE001 (the port hands every job's exception to the caller)
                    out[n] = error

        here.tell({"do": "fork", "actors": names})
        threads = [threading.Thread(target=work, args=(n,), name=names[n]) for n in range(len(jobs))]
        for thread in threads:
            thread.start()
        here.ask({"do": "join", "actors": names})
        for thread in threads:
            thread.join()
        return out


class LabTransport:
    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def connect(self, host: str, port: int, timeout: float) -> LabSocket:
        chan = self._lab.next_chan()
        answer, _ = self._lab.wire.ask({"do": "open", "chan": chan, "host": host, "port": port})
        if answer.get("error"):
            raise ConnectionRefusedError(f"{host}:{port}: {answer['error']}")
        return LabSocket(self._lab, chan, timeout)

    def fetch(self, address: str, host: str, path: str, timeout: float) -> Reply:
        answer, body = self._lab.wire.ask({"do": "fetch", "address": address, "host": host, "path": path, "timeout": timeout})
        return Reply(answer["status"], answer["headers"], body, answer["certificate"], answer["error"])


class LabSocket:
    """A socket as http.client and urllib3 need one; bytes go to one channel of the lab, time-outs are virtual."""

    def __init__(self, lab: Lab, chan: int, timeout: float | None) -> None:
        self._lab, self._chan, self._timeout = lab, chan, timeout
        self._held = b""
        self._over = ""  # "eof" or "reset", once the lab has said so
        self._files = 0
        self._closed = False

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        return self._timeout

    def setsockopt(self, *_: Any) -> None:
        """Options of TCP mean nothing here."""

    def sendall(self, data: Any) -> None:
        if self._over:
            raise ConnectionResetError("the connection was reset")
        self._lab.wire.tell({"do": "data", "chan": self._chan}, bytes(data))

    def recv(self, size: int) -> bytes:
        if not self._held:
            if self._over == "eof":
                return b""
            answer, body = self._lab.wire.ask({"do": "want", "chan": self._chan, "timeout": self._timeout})
            got = answer["got"]
            if got == "timeout":
                raise TimeoutError("timed out")
            if got != "bytes":
                self._over = got
            if got == "reset":
                raise ConnectionResetError("the connection was reset")
            self._held = body
        out, self._held = self._held[:size], self._held[size:]
        return out

    def recv_into(self, into: Any, size: int = 0) -> int:
        data = self.recv(size or len(into))
        into[: len(data)] = data
        return len(data)

    def makefile(self, mode: str = "rb", *_: Any, **__: Any) -> io.BufferedReader:
        self._files += 1
        return io.BufferedReader(_Reading(self))

    def fileno(self) -> int:
        """There is no descriptor of its own: a closed one's -1, as for a closed socket."""
        return -1

    def shutdown(self, how: int) -> None:
        self._shut()

    def close(self) -> None:
        """As with a socket: the channel goes when the last file on it does."""
        self._closed = True
        if not self._files:
            self._shut()

    def file_closed(self) -> None:
        self._files -= 1
        if self._closed and not self._files:
            self._shut()

    def _shut(self) -> None:
        if self._over != "shut":
            self._over = "shut"
            with contextlib.suppress(OSError, AttributeError):
                self._lab.wire.tell({"do": "shut", "chan": self._chan})


class _Reading(io.RawIOBase):
    def __init__(self, sock: LabSocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        return self._sock.recv_into(into)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._sock.file_closed()


class LabIds:
    """Ids repeat with the seed; the process id is the real one where a person may have to kill it."""

    def __init__(self, session: str, hello: Header) -> None:
        self._rng = random.Random(f"{hello['world']}:ids:{session}")  # noqa: S311 (a simulation's ids, repeatable by the seed)
        self._pid: int = hello["pid"]

    def hex(self, length: int) -> str:
        return f"{self._rng.getrandbits(4 * length):0{length}x}"

    def who(self) -> str:
        return "operator"

    def host(self) -> str:
        return "lab"

    def pid(self) -> int:
        return self._pid


class LabPeople:
    """The lab's policy answers; time stands still meanwhile."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def can_answer(self, severe: bool, name: str = "") -> bool:  # noqa: FBT001 (the port's own signature)
        return True

    def agrees(self, question: str) -> bool:
        return bool(self._ask("agrees", question))

    def types(self, question: str, name: str) -> bool:
        return bool(self._ask("types", question, name))

    def tells(self, question: str) -> str | None:
        said = self._ask("tells", question)
        return None if said is None else str(said)

    def _ask(self, kind: str, question: str, name: str = "") -> Any:
        answer, _ = self._lab.wire.ask({"do": "person", "kind": kind, "question": question, "name": name})
        return answer["said"]
