"""The lab's process: one thread, one selectors loop, the only owner of world, clock and randomness (lab.md 1, 6).

At most one actor of the tool runs; the loop reads until it is parked again. Only when all are parked does the lab answer the next one, then serve
the harness, then take the next event. So eight threads of the tool and any hash seed make one outcome.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab import api, chosen, http1, rbd, sessions
from portkey_migrate.lab.calls import Call, is_mutating
from portkey_migrate.lab.delivery import Delivery
from portkey_migrate.lab.frames import Header, Unpacker, pack
from portkey_migrate.lab.points import Points
from portkey_migrate.lab.sessions import Actor, Channel, Session

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

SILENT = 10.0  # wall seconds without a frame: an actor that blocks outside the ports, or computes without end
_CHUNK = 1 << 18


class StuckError(Exception):
    """An actor that is silent, or a world in which nothing will ever happen. Ends the lab; the harness shows it."""


class Server:
    def __init__(self, world: World, path: str, state: Path | None, *, by_hand: bool = False) -> None:
        self.world, self.by_hand = world, by_hand
        self.selector = selectors.DefaultSelector()
        self.sessions: dict[str, Session] = {}
        self.delivery = Delivery(world, self.sessions, self._ready_with)
        world.link = self.delivery
        self.points = Points(world, state)
        self.wishes: list[tuple[socket.socket, Header]] = []  # the harness's, served when all are parked
        self.quitting = False
        self.reported: set[str] = set()
        self._running: list[Actor] = []
        self._ready: list[Actor] = []
        self._listen(path, self._accept)

    # ---- sockets ----

    def _listen(self, path: str, accepted: Any) -> None:
        Path(path).unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(path)
        sock.listen(64)
        self.selector.register(sock, selectors.EVENT_READ, lambda: accepted(sock.accept()[0]))

    def control(self, path: str) -> None:
        """The harness's socket: frames of its own, answered when all actors are parked."""
        self._listen(path, self.controlled)

    def controlled(self, sock: socket.socket, *, ends_with_it: bool = False) -> None:
        """`ends_with_it`: the lab ends when that line does; nobody is left to ask anything of it."""
        unpacker = Unpacker()

        def readable() -> None:
            data = _received(sock)
            if not data:
                self._drop(sock)
                self.quitting = self.quitting or ends_with_it
                return
            self.wishes += [(sock, header) for header, _ in unpacker.feed(data)]

        self.selector.register(sock, selectors.EVENT_READ, readable)

    def _drop(self, sock: socket.socket) -> None:
        with contextlib.suppress(KeyError):
            self.selector.unregister(sock)
        sock.close()

    def _accept(self, sock: socket.socket) -> None:
        """An actor's connection; who it is it says in its first frame."""
        actor = Actor(Session("", 0, 0), "", sock)
        self._running.append(actor)
        actor.ran_from = time.perf_counter()
        self.selector.register(sock, selectors.EVENT_READ, lambda: self._read(actor))

    def _read(self, actor: Actor) -> None:
        assert actor.sock is not None  # noqa: S101 (registered with its socket)
        data = _received(actor.sock)
        if not data:
            self._gone(actor)
            return
        for header, body in actor.unpacker.feed(data):
            self._frame(actor, header, body)

    def _gone(self, actor: Actor) -> None:
        """A closed socket: after `bye` that actor has ended; without it its command has died, with all of its actors."""
        if actor.sock is not None:
            self._drop(actor.sock)
        self._forget(actor)
        session = actor.session
        if session.id in self.sessions and (actor.name == "main" or actor.parked is not None):
            for other in list(session.actors.values()):
                if other.sock is not None:
                    self._drop(other.sock)
                self._forget(other)
            self.world.session_died(session.id)
            del self.sessions[session.id]
        else:
            self._join_all(session)

    def _forget(self, actor: Actor) -> None:
        for where in (self._running, self._ready):
            if actor in where:
                where.remove(actor)
        actor.session.actors.pop(actor.name, None)
        actor.sock = None

    # ---- the loop ----

    def serve(self) -> None:
        """Until the harness says quit."""
        while not self.quitting:
            busy = self._running or self._missing()
            idle = not busy and not self._ready and not self.wishes and (self.points.held or not any(sessions.waits(one) for one in self._actors()))
            self._select((SILENT if busy else None) if busy or idle else 0.0)
            if self._running or self._missing():
                self._watch_silence()
            elif self._ready and not self.points.held:
                self._answer(self._ready.pop(0))
            elif self.wishes:
                self._wish()
            elif not self.points.held and any(sessions.waits(one) for one in self._actors()):
                self.advance()

    def close(self) -> None:
        """Every socket, the listening ones too."""
        for key in list(self.selector.get_map().values()):
            self.selector.unregister(key.fileobj)
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self.selector.close()

    def _select(self, timeout: float | None) -> None:
        for key, _ in self.selector.select(timeout):
            key.data()

    def _wish(self) -> None:
        from portkey_migrate.lab import wishes

        sock, header = self.wishes.pop(0)
        answer, body = wishes.grant(self, header)
        with contextlib.suppress(OSError):
            sock.sendall(pack(answer, body))

    def _actors(self) -> list[Actor]:
        return [actor for session in self.sessions.values() for actor in session.actors.values()]

    def _missing(self) -> bool:
        """Whether a thread was announced and has not connected yet."""
        return any(actor.sock is None for actor in self._actors())

    def _watch_silence(self) -> None:
        for actor in self._running:
            if time.perf_counter() - actor.ran_from > SILENT:
                said = f"{actor.name or 'a new actor'} of {actor.session.id or 'no session'} is silent for {SILENT:.0f} s"
                if not self.by_hand:
                    raise StuckError(said)
                self.reported.add(said)

    def advance(self) -> None:
        """The next thing in the world: an event, or an actor whose time has come."""
        event = self.world.next_time
        waiting = [actor for actor in self._actors() if sessions.waits(actor) and actor.until is not None]
        first = min(waiting, key=lambda actor: actor.until or 0.0, default=None)
        if first is None and event is None:
            raise StuckError("every actor waits, and nothing will ever happen")
        if first is not None and (event is None or (first.until or 0.0) < event):
            self.world.pass_to(first.until or 0.0)
            self._wake(first)
            return
        if self.points.before(self.world.next_event) or self.points.in_doubt(self.world.next_event):
            return
        self.world.step()
        self.points.after()

    # ---- frames of the tool ----

    def _frame(self, actor: Actor, header: Header, body: bytes) -> None:
        do = header["do"]
        ran = header.pop("ran", 0.0)  # wall seconds that the tool has run since its last answer: not part of what it asks
        if "id" in header:
            self._park(actor, header, ran)
        getattr(self, f"_do_{do}")(actor, header, body)

    def _park(self, actor: Actor, header: Header, ran: float) -> None:
        if actor in self._running:
            self._running.remove(actor)
        if actor in self._ready:
            self._ready.remove(actor)
        actor.parked, actor.until, actor.ready = header, None, None
        if actor.session.id:
            self.world.engine_log.append((self.world.now, "computed", 0.0, ran))
        if header["do"] not in ("want", "open", "fetch", "committed", "hello"):
            chosen.judged(self.world, actor)

    def _ready_with(self, actor: Actor, header: Header, body: bytes = b"") -> None:
        """Its answer stands; it gets it when its turn comes."""
        if actor.parked is None or actor.ready is not None:
            return
        actor.ready = ({**header, "id": actor.parked["id"]}, body)
        self._ready.append(actor)

    def _answer(self, actor: Actor) -> None:
        assert actor.ready is not None  # noqa: S101 (only such an actor is in the list)
        assert actor.sock is not None  # noqa: S101 (a dead one was taken from the list)
        header, body = actor.ready
        actor.parked = actor.ready = actor.until = None
        self._running.append(actor)
        answer = pack({**header, "now": self.world.now}, body)
        actor.ran_from = time.perf_counter()
        with contextlib.suppress(OSError):  # it died meanwhile: its end comes by the selector
            actor.sock.sendall(answer)

    def _wake(self, actor: Actor) -> None:
        """Its time is over: a sleep has ended, a wait for bytes has timed out."""
        assert actor.parked is not None  # noqa: S101 (only a parked one waits)
        match actor.parked["do"]:
            case "want":
                self._ready_with(actor, {"got": "timeout"})
            case "fetch":
                self._ready_with(actor, {"status": 0, "headers": {}, "certificate": "", "error": "timed out"})
            case "run":
                self._ready_with(actor, {"code": 124, "stdout": "", "stderr": "timed out"})
            case _:
                self._ready_with(actor, {})

    def _do_hello(self, actor: Actor, header: Header, _: bytes) -> None:
        session = self.sessions.get(header["session"])
        if session is None:
            self.world.sessions += 1
            number = self.world.sessions
            session = self.sessions[f"s{number}"] = Session(f"s{number}", number, header["pid"])
        actor.session, actor.name = session, header["actor"]
        session.actors[actor.name] = actor  # in the place of the announced one, at its place in the order
        pid = header["pid"] if self.by_hand else 1000 + session.number
        self._ready_with(actor, {"session": session.id, "world": f"lab:{self.world.seed}", "people": not self.by_hand, "pid": pid})
        order = list(session.actors)
        self._ready.sort(key=lambda one: order.index(one.name) if one.session is session else -1)

    def _do_fork(self, actor: Actor, header: Header, _: bytes) -> None:
        for name in header["actors"]:
            actor.session.actors[name] = Actor(actor.session, name)

    def _do_join(self, actor: Actor, _: Header, __: bytes) -> None:
        self._joined(actor)

    def _joined(self, actor: Actor) -> None:
        if actor.parked is not None and not any(name in actor.session.actors for name in actor.parked["actors"]):
            self._ready_with(actor, {})

    def _do_bye(self, actor: Actor, _: Header, __: bytes) -> None:
        actor.parked = None
        if actor.sock is not None:
            self._drop(actor.sock)
        session = actor.session
        self._forget(actor)
        self._join_all(session)

    def _join_all(self, session: Session) -> None:
        for other in list(session.actors.values()):
            if other.parked is not None and other.parked["do"] == "join":
                self._joined(other)

    def _do_sleep(self, actor: Actor, header: Header, _: bytes) -> None:
        actor.until = self.world.now + max(0.0, header["seconds"])
        chosen.slept(self.world, actor, header["seconds"])

    def _do_committed(self, actor: Actor, _: Header, __: bytes) -> None:
        self._ready_with(actor, {})
        self.points.committed()

    def _do_person(self, actor: Actor, header: Header, _: bytes) -> None:
        people = self.world.parts.get("people")
        said = True if header["kind"] != "tells" else "yes"
        if people is not None:
            said = people.answer(header["question"], header["kind"], header["name"])
            said = "yes" if said == "" else said
        self._ready_with(actor, {"said": said})

    def _do_open(self, actor: Actor, header: Header, _: bytes) -> None:
        host = header["host"]
        cluster = self.world.hosts.get(host)
        if cluster is None or host in self.world.refused:
            self._ready_with(actor, {"error": "connection refused"})
            return
        actor.session.channels[header["chan"]] = Channel(header["chan"], host, cluster)
        self._ready_with(actor, {})

    def _do_shut(self, actor: Actor, header: Header, _: bytes) -> None:
        actor.session.channels.pop(header["chan"], None)
        self.world.hang_up(actor.session.id, header["chan"])

    def _do_data(self, actor: Actor, header: Header, body: bytes) -> None:
        channel = actor.session.channels.get(header["chan"])
        if channel is None or channel.over:
            return
        try:
            wanted = channel.requests.feed(body)
        except http1.BadRequestError:
            channel.out += http1.answer(400, {"Connection": "close"}, b"")
            channel.over = "eof"
            return
        for method, target, headers, content in wanted:
            request = api.Request.of(
                method, target, headers, content, actor=headers.get("user-agent", "?").partition("/")[0], session=actor.session.id
            )
            path, _, query = target.partition("?")
            call = self._call(actor, "api", request, channel.id)
            call.cluster, call.token = channel.cluster, headers.get("x-portkey-step", "")
            call.mutating, call.watching = is_mutating(method, path, query), method == "GET" and ("watch=true" in query or "watch=1" in query)
            call.note["target"] = target
            if call.mutating:
                chosen.judged(self.world, actor)
            self.world.send(call)

    def _call(self, actor: Actor, kind: str, request: Any, chan: int = 0) -> Call:
        self.world.calls_made += 1
        return Call(self.world.calls_made, actor.session.id, actor.name, kind, request=request, chan=chan)

    def _do_want(self, actor: Actor, header: Header, _: bytes) -> None:
        channel = actor.session.channels.get(header["chan"])
        if channel is None:
            self._ready_with(actor, {"got": "reset"})
        elif channel.out or channel.over:
            self.delivery.hand_over(actor, channel)
        elif header["timeout"] is not None:
            actor.until = self.world.now + header["timeout"]

    def _do_fetch(self, actor: Actor, header: Header, _: bytes) -> None:
        actor.until = self.world.now + header["timeout"]
        actor.call = self._call(actor, "fetch", header)
        self.world.send(actor.call)

    def _do_run(self, actor: Actor, header: Header, _: bytes) -> None:
        actor.until = self.world.now + header["timeout"]
        actor.call = self._call(actor, "run", header)
        actor.call.mutating = header["argv"][0] in ("rbd", "ceph") and "ceph" in self.world.parts and rbd.changes(self.world, header["argv"])
        if actor.call.mutating:
            chosen.judged(self.world, actor)
        self.world.send(actor.call)


def _received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(_CHUNK)
    except OSError:
        return b""
