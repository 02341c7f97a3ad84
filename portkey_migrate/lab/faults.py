"""Faults of the wire and of the API: a schedule of `(which call, what happens to it)`, printed with the seed and their place (lab.md 20).

A fault more is one class here with its `@fault`: the command line, the draw and the docs find it by its name.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from portkey_migrate.lab.traps import late_twin
from portkey_migrate.lab.truth import Facts, assumed, held, measured, read

if TYPE_CHECKING:
    from portkey_migrate.lab.calls import Call
    from portkey_migrate.lab.world import World

Counts = Literal["mutating", "any", "watch"]
#: The API server gives a request up after this long (`--request-timeout`; real/README.md §4.11).
SERVER_TIMEOUT = 60.0


class Fault:
    """What becomes of one call. The defaults are a call that goes well."""

    name = ""
    counts: Counts = "any"  # what its number counts
    facts: ClassVar[Facts] = ()  # how it is known that such a thing happens

    def sent(self, world: World, call: Call) -> None:
        world.lands(call)

    def landed(self, world: World, call: Call) -> None:
        world.replies(call)


FAULTS: dict[str, type[Fault]] = {}


def fault(cls: type[Fault]) -> type[Fault]:
    FAULTS[cls.name] = cls
    return cls


@fault
class ReplyLost(Fault):
    """It lands; the connection breaks before the answer is through, or nothing comes until the caller's time-out."""

    name = "reply-lost"
    counts = "mutating"
    facts = (
        measured("what it was told is done, the caller hears nothing", "Kubernetes a POST answered with 504 had made its object"),
        measured("a cut connection is an error of the client's own", "client ProtocolError when the API server was stopped with requests open"),
        assumed("one in five breaks in silence, until the time-out", "nobody counted them", "either"),
    )

    def landed(self, world: World, call: Call) -> None:
        silent = world.rng("fault:reply-lost").random() < 0.2 and not world.faults.silent  # noqa: PLR2004 (one in five; each costs the caller's whole time-out)
        if silent:
            world.faults.silent = True
        else:
            world.breaks(call)


@fault
class LateTwin(Fault):
    """The connection breaks, the request waits in a server that hangs: it lands after its caller has looked again (real/README.md §4.11).

    `look`: right after the caller's next look at that API. `send`: after its next call that changes something there. `end`: shortly before
    the server gives it up. Never later than that. Without the trap of this name it lands in time, and only its reply is lost.
    """

    name = "late-twin"
    counts = "mutating"
    facts = (assumed("it lands right after the next look or the next change", "those measured came seconds later, when the store thawed", "either"),)

    def sent(self, world: World, call: Call) -> None:
        if not late_twin.TRAP.bites(world):
            world.lands(call)
            return
        how = world.faults.twin or world.rng("fault:late-twin").choice(["look", "send"])
        call.note["lands"] = how
        world.breaks(call)
        world.twins.append(call.id)
        world.schedule(call.sent_at + SERVER_TIMEOUT - 1.0, "twin_lands", call.id)

    def landed(self, world: World, call: Call) -> None:
        if "lands" not in call.note:
            world.breaks(call)  # of a late one nobody waits for the reply


@fault
class Conflict(Fault):
    """409: somebody wrote that object, or counted under its quota, in the same moment. It did not happen."""

    name = "conflict"
    counts = "mutating"
    facts = (
        held("409: it did not happen, a fresh look is needed", "tests/contract/test_objects.py::test_a_put_with_an_old_version_conflicts"),
        assumed("it hits calls without a version as well", "the real server retries those itself", "harsher"),
    )

    def sent(self, world: World, call: Call) -> None:
        world.refuses(
            call,
            409,
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again",
        )


@fault
class ServerError(Fault):
    """500 from a slow etcd: it may have happened, and half of the time it has."""

    name = "server-error"
    counts = "mutating"
    facts = (
        read("the store's own words for a time-out", "etcd api/v3rpc/rpctypes/error.go:82 ErrGRPCTimeout"),
        measured("a frozen store is a 504 after 60 s", "Kubernetes etcd frozen, GET and POST; with a time-out in the request, after that"),
        assumed("half of them have happened", "nobody counted them", "either"),
    )

    def sent(self, world: World, call: Call) -> None:
        if call.mutating and world.rng("fault:server-error").random() < 0.5:  # noqa: PLR2004 (half of them)
            world.lands(call)
        else:
            self.landed(world, call)

    def landed(self, world: World, call: Call) -> None:
        world.refuses(call, 500, "InternalError", "etcdserver: request timed out")


@fault
class WatchEnds(Fault):
    """A watch that ends early and cleanly, as behind a load balancer's idle limit."""

    name = "watch-ends"
    counts = "watch"
    facts = (
        read("the server ends each watch by itself, after 30 to 60 minutes", "apiserver pkg/server/config.go:446 MinRequestTimeout"),
        assumed("it ends 0.01-1 s after it began", "as if a balancer between had a limit of its own", "harsher"),
    )

    def landed(self, world: World, call: Call) -> None:
        world.replies(call)
        world.schedule(world.now + world.rng("fault:watch-ends").uniform(0.01, 1.0), "watch_ends", call.id)


@dataclass
class Planned:
    """One line of the schedule. `nth` counts from 1 over what the fault counts; 0: every one. `over`: counts over something else."""

    kind: str
    nth: int
    over: Counts | None = None
    hit: list[dict[str, Any]] = field(default_factory=list)  # where and when

    @property
    def counts(self) -> Counts:
        return self.over or FAULTS[self.kind].counts

    @property
    def data(self) -> dict[str, Any]:
        return {"kind": self.kind, "nth": self.nth or "all", "counts": self.counts, "hit": self.hit}


@dataclass
class Faults:
    """The schedule of one world and how far its calls have been counted."""

    planned: list[Planned] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=lambda: {"mutating": 0, "any": 0, "watch": 0})
    twin: str = ""  # how late twins land: "" drawn, "look", "send" or "end"
    silent: bool = False  # one reply was lost in silence; a second would be the outage budget, not the tool

    def count(self, world: World, call: Call) -> Fault:
        """Counts one call of the tool; the fault that hits it."""
        kinds = ["any", *(["mutating"] if call.mutating else []), *(["watch"] if call.watching else [])]
        for kind in kinds:
            self.counted[kind] += 1
        for line in self.planned:
            if line.counts in kinds and line.nth in (0, self.counted[line.counts]) and not call.fault:
                call.fault = line.kind
                line.hit.append({"at": call.place, "n": self.counted[line.counts], "t": round(world.now, 3)})
                return FAULTS[line.kind]()
        return Fault()


def drawn(rng: random.Random, mutating: int) -> list[Planned]:
    """One to three faults, at least one on a mutating call; `mutating`: how many of those the run is expected to make.

    Uniform over all of them, so that over fifty seeds every step of a recipe is hit.
    """
    on_writes = [name for name, known in FAULTS.items() if known.counts == "mutating"]
    out = [Planned(rng.choice(on_writes), rng.randint(1, max(1, mutating)))]
    for name in rng.sample(sorted(FAULTS), rng.randint(0, 2)):
        over: Counts = "any" if name in ("server-error", "reply-lost") else FAULTS[name].counts  # reads fail too
        expected = {"mutating": mutating, "any": 20 * mutating, "watch": max(2, mutating // 2)}[over]
        out.append(Planned(name, rng.randint(1, max(1, expected)), over))
    return out


def parsed(texts: Sequence[str]) -> list[Planned]:
    """`KIND@N` and `KIND@all` as the command line gives them; ValueError names what is known."""
    out = []
    for text in texts:
        kind, _, where = text.partition("@")
        if kind not in FAULTS or not (where == "all" or where.isdigit()):
            raise ValueError(f"{text!r} is no fault: KIND@N or KIND@all, KIND one of {', '.join(sorted(FAULTS))}")
        out.append(Planned(kind, 0 if where == "all" else int(where)))
    return out
