"""The world: two clusters, one clock, all randomness, and what is on its way. It knows no socket; a copy of it is a pickle.

Time moves only by events `(time, seq, name, args)`, taken one by one while every actor of the tool is parked (lab.md 6). An event is a name and
arguments, never a closure: `method` of the world, or `part.method` of a controller or another part of the world, found when it comes.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from portkey_migrate.lab.ambush import spring
from portkey_migrate.lab.calls import Call
from portkey_migrate.lab.faults import FAULTS, SERVER_TIMEOUT, Fault, Faults
from portkey_migrate.lab.latency import RANGES
from portkey_migrate.lab.store import By, Store

#: A Saturday, 14:30 in Berlin: inside the weekend's windows of the shipped plan, and never today.
START = datetime(2026, 1, 10, 13, 30, tzinfo=UTC).timestamp()


class Controller(Protocol):
    """Something that lives in a cluster and acts by itself. Picklable."""

    name: str
    kinds: tuple[str, ...]  # a change of any of these wakes it

    def reconcile(self, world: World, now: float) -> float | None:
        """Looks, writes through `world.store` with `By(self.name)`, and says when it wants to look again without being woken."""
        ...


class Link(Protocol):
    """The server's end, as the world sees it; absent in a copy."""

    def replied(self, call: Call) -> None: ...
    def broke(self, call: Call) -> None: ...
    def streamed(self, call: Call, data: bytes, *, ended: bool) -> None: ...


class World:
    def __init__(self, seed: int, name: str, start: float = START) -> None:
        self.seed, self.name = seed, name
        self.started = self.now = start
        self._rngs: dict[str, random.Random] = {}
        self._events: list[tuple[float, int, str, tuple[Any, ...]]] = []
        self._seq = 0
        self.store = Store(self, self.rng("uid"))
        self.store.on_change.append(self._changed)
        self.controllers: dict[str, Controller] = {}
        self._woken_by: dict[str, list[str]] = {}  # kind → controllers
        self._due: dict[str, float] = {}  # controller → when it looks next
        self.parts: dict[str, Any] = {}  # what else lives here, by name: users, dns, git, people …; events may name them
        self.traps: set[str] = set()  # behaviours of the real thing that bite; turned off by name
        self.tokens: dict[str, dict[str, Any]] = {}  # cluster → bearer token → api.rights.User
        self.releases: dict[str, str] = {}  # cluster → git version
        self.hosts: dict[str, str] = {}  # API host → the cluster that answers there
        self.refused: set[str] = set()  # hosts where nobody listens
        #: argv[0] → module-level function(world, argv, stdin) -> {code, stdout, stderr, takes}
        self.commands: dict[str, Callable[..., dict[str, Any]]] = {}
        self.caller = ""  # the session whose command is being run: a command's own writes are in its name
        # ---- the tool's calls ----
        self.calls: dict[int, Call] = {}
        self.twins: list[int] = []  # calls whose caller was told nothing and that land later
        self.faults = Faults()
        self.sessions = 0  # commands that have come
        self.calls_made = 0
        self.api_calls = 0
        self.engine_log: list[tuple[float, str, float, float]] = []  # (t, "computed" | "chose", virtual seconds, wall seconds): lab.md 10
        self.waits: list[dict[str, Any]] = []  # {t, what, seconds}: waits for a fact that was not true yet
        self.canary = ""
        self.link: Link | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "link": None}

    # ---- time and chance ----

    def rng(self, purpose: str) -> random.Random:
        """One rng for each purpose, made once: a retry of one does not shift another's luck."""
        if purpose not in self._rngs:
            self._rngs[purpose] = random.Random(f"{self.seed}:{purpose}")  # noqa: S311 (a simulation's luck, repeatable by its seed)
        return self._rngs[purpose]

    def latency(self, name: str, purpose: str = "") -> float:
        """Seconds drawn from the table; `purpose` keeps draws of several things apart."""
        low, high, _ = RANGES[name]
        return self.rng(f"latency:{name}{':' if purpose else ''}{purpose}").uniform(low, high)

    def schedule(self, when: float, name: str, *args: Any) -> None:
        """An event: `method` of the world or `part.method`, with arguments that pickle."""
        self._seq += 1
        heapq.heappush(self._events, (max(when, self.now), self._seq, name, args))

    @property
    def next_time(self) -> float | None:
        return self._events[0][0] if self._events else None

    @property
    def next_event(self) -> tuple[float, int, str, tuple[Any, ...]] | None:
        return self._events[0] if self._events else None

    def step(self) -> None:
        """Takes the next event. The only place where time moves, but for `pass_to`."""
        when, _, name, args = heapq.heappop(self._events)
        self.now = max(self.now, when)
        part, _, method = name.rpartition(".")
        owner: Any = self if not part else self.controllers.get(part) or self.parts[part]
        getattr(owner, method)(*args)

    def pass_to(self, when: float) -> None:
        """Time moves to a moment before which no event is due."""
        self.now = max(self.now, when)

    def run_until(self, when: float) -> None:
        """Takes every event up to a moment: nobody of the tool is there."""
        while self._events and self._events[0][0] <= when:
            self.step()
        self.pass_to(when)

    # ---- controllers ----

    def add(self, controller: Controller) -> None:
        self.controllers[controller.name] = controller
        for kind in controller.kinds:
            self._woken_by.setdefault(kind, []).append(controller.name)
        self.wake(controller.name, self.now)

    def wake(self, name: str, when: float) -> None:
        """A controller looks at `when`, or earlier where it already would."""
        due = self._due.get(name)
        if due is None or when < due:
            self._due[name] = when
            self.schedule(when, "reconcile", name, when)

    def reconcile(self, name: str, when: float) -> None:
        if self._due.get(name) != when:
            return  # an earlier look took its place
        del self._due[name]
        again = self.controllers[name].reconcile(self, self.now)
        if again is not None:
            self.wake(name, again)

    def _changed(self, cluster: str, kind: str, namespace: str, name: str, old: Any, new: Any) -> None:
        for controller in self._woken_by.get(kind, ()):
            self.wake(controller, self.now)
        for call in self.calls.values():
            if call.watching and hasattr(call.response, "take") and not call.note.get("due") and call.response.concerns(cluster, kind, namespace):
                call.note["due"] = True
                self.schedule(self.now + self.latency("watch-line"), "watch_lines", call.id)

    # ---- a call on its way ----

    def send(self, call: Call) -> None:
        """The tool's request is whole and leaves. It is counted, a fault may hit it."""
        call.sent_at = self.now
        self.calls[call.id] = call
        self.api_calls += 1
        self._fault(call, self.faults.count(self, call)).sent(self, call)
        if call.mutating:
            self._let_twins_land(call, "send")

    def _fault(self, call: Call, known: Fault | None = None) -> Fault:
        return known or (FAULTS[call.fault]() if call.fault else Fault())

    def lands(self, call: Call) -> None:
        takes = "fetch" if call.kind != "api" else "api-write" if call.mutating else "api-read"
        self.schedule(self.now + self.latency(takes), "land", call.id)

    def land(self, id_: int) -> None:
        """The effect. Also of a call whose caller is gone."""
        call = self.calls.get(id_)
        if call is None or call.landed_at is not None:
            return
        call.landed_at = self.now
        spring(self, call, "before")
        call.response = self._answered(call)
        spring(self, call, "after")
        self._fault(call).landed(self, call)
        if not call.mutating:
            self._let_twins_land(call, "look")

    def _answered(self, call: Call) -> Any:
        if call.kind == "api" and call.cluster == "proxmox":
            return self.parts["pve"].handle(call.request)
        if call.kind == "api":
            from portkey_migrate.lab import api

            return api.handle(self, call.cluster, call.request)
        if call.kind == "fetch":
            from portkey_migrate.lab import traffic

            return traffic.fetch(self, call.request["address"], call.request["host"], call.request["path"])
        command = self.commands.get(call.request["argv"][0])
        if command is None:
            return {"code": 127, "stdout": "", "stderr": f"{call.request['argv'][0]}: command not found", "takes": 0.0}
        self.caller = call.session
        try:
            return command(self, call.request["argv"], call.request.get("stdin", ""))
        finally:
            self.caller = ""

    def replies(self, call: Call) -> None:
        takes = call.response.get("takes", 0.0) if isinstance(call.response, dict) else 0.0
        self.schedule(self.now + takes + self.latency("api-reply"), "reply", call.id)

    def refuses(self, call: Call, status: int, reason: str, message: str) -> None:
        """An answer in the API's place; whether the call landed is the fault's affair."""
        call.note["refused"] = {"status": status, "reason": reason, "message": message}
        self.schedule(self.now + self.latency("api-write"), "reply", call.id)

    def breaks(self, call: Call) -> None:
        """The caller's connection breaks about when the reply would have come."""
        self.schedule(self.now + self.latency("api-write"), "break_off", call.id)

    def reply(self, id_: int) -> None:
        call = self.calls.get(id_)
        if call is None:
            return
        if self.link is not None:
            self.link.replied(call)
        if "refused" in call.note or not hasattr(call.response, "take"):
            self.calls.pop(id_, None)
            return
        call.note["open"] = True
        if call.response.until is not None:
            self.schedule(call.response.until, "watch_ends", id_)
        self.watch_lines(id_)

    def break_off(self, id_: int) -> None:
        call = self.calls.get(id_)
        if call is None:
            return
        call.broken = "reset"
        if self.link is not None:
            self.link.broke(call)
        if call.landed_at is not None:
            self.calls.pop(id_, None)

    # ---- late twins ----

    def _let_twins_land(self, by: Call, after: str) -> None:
        for id_ in list(self.twins):
            twin = self.calls[id_]
            if twin.broken and twin.cluster == by.cluster and twin.note["lands"] == after and by.id != id_:
                # After a send: when that one has landed. After a look: before anything that follows from it.
                self.schedule(self.now + (RANGES["api-write"].high + 0.001 if after == "send" else 0.0005), "twin_lands", id_)

    def twin_lands(self, id_: int) -> None:
        if id_ in self.twins:
            self.twins.remove(id_)
            self.land(id_)
            self.calls.pop(id_, None)

    # ---- watches ----

    def watch_lines(self, id_: int) -> None:
        """New lines for an open watch; also where nothing woke it but time (a Lease)."""
        call = self.calls.get(id_)
        if call is None or not hasattr(call.response, "take"):
            return
        call.note["due"] = False
        if "open" not in call.note:
            return  # its head is still on its way, and what has happened since comes after it
        data = call.response.take()
        if self.link is not None and (data or call.response.ended):
            self.link.streamed(call, data, ended=call.response.ended)
        if call.response.ended:
            self.calls.pop(id_, None)
        else:
            self.passing_watch(call)

    def passing_watch(self, call: Call) -> None:
        """A watch of what changes with time alone is woken when it next differs."""
        watch = call.response
        when = self.store.next_passing(watch.cluster, watch.kind, watch.namespace)
        if when is not None and not call.note.get("due"):
            call.note["due"] = True
            self.schedule(when, "watch_lines", call.id)

    def watch_ends(self, id_: int) -> None:
        call = self.calls.pop(id_, None)
        if call is not None and self.link is not None and hasattr(call.response, "take"):
            self.link.streamed(call, call.response.take(), ended=True)

    # ---- who is there ----

    def session_died(self, session: str) -> None:
        """Its watches close; what it sent and has not landed may land."""
        for id_, call in list(self.calls.items()):
            if call.session == session and call.watching:
                del self.calls[id_]

    def hang_up(self, session: str, chan: int) -> None:
        """The caller closed a connection: nothing more goes there."""
        for id_, call in list(self.calls.items()):
            if call.session == session and call.chan == chan and call.watching:
                del self.calls[id_]

    def pod_answers(self, cluster: str, namespace: str, name: str, port: int, path: str) -> tuple[int, dict[str, str], bytes] | None:
        """What a Pod says to an HTTP request; the part named `pods` knows, without one nothing listens."""
        pods = self.parts.get("pods")
        if pods is None:
            return None
        answer: tuple[int, dict[str, str], bytes] | None = pods.answers(self, cluster, namespace, name, port, path)
        return answer


__all__ = ["SERVER_TIMEOUT", "START", "By", "Controller", "Link", "World"]
