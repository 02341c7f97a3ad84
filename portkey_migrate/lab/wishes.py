"""What the harness may ask of the lab: copies, time, the verdict. It never touches the world otherwise (lab.md 3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab import copies
from portkey_migrate.lab.faults import FAULTS, Planned

if TYPE_CHECKING:
    from portkey_migrate.lab.frames import Frame, Header
    from portkey_migrate.lab.server import Server


def grant(server: Server, wish: Header) -> Frame:
    """One wish, one answer; what went wrong inside is said, and the lab lives on."""
    try:
        answer = _WISHES[wish["do"]](server, wish)
    except Exception as error:  # noqa: BLE001 (the harness is told, whatever it was)
        return {"error": f"{type(error).__name__}: {error}", "trace": _trace(error)}, b""
    return {"now": server.world.now, "ok": True}, json.dumps(answer, default=str).encode()


def _trace(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error))


def _quit(server: Server, _: Header) -> None:
    server.quitting = True


def _save(server: Server, wish: Header) -> None:
    copies.save(server.world, server.points.state if wish.get("state", True) else None, Path(wish["path"]))


def _advance(server: Server, wish: Header) -> float:
    until = wish["until"] if "until" in wish else server.world.now + wish["seconds"]
    server.world.run_until(until)
    return server.world.now


def _land_twins(server: Server, _: Header) -> int:
    """Time passes until no late twin is on its way."""
    world = server.world
    count = len(world.twins)
    while world.twins:
        world.step()
    return count


def _verdict(server: Server, wish: Header) -> Any:
    from portkey_migrate.lab.verdict import verdict

    return verdict(server.world, wish["request"])


def _users(server: Server, _: Header) -> Any:
    from portkey_migrate.lab.verdict import users

    return users(server.world)


def _fingerprint(server: Server, _: Header) -> Any:
    from portkey_migrate.lab.fingerprint import fingerprint

    return fingerprint(server.world)


def _differences(server: Server, wish: Header) -> Any:
    """Against a copy, moved on as far as asked, so that both have come to rest."""
    from portkey_migrate.lab.fingerprint import differences

    return differences(copies.load(Path(wish["copy"])), server.world)


def _ledger(server: Server, wish: Header) -> Any:
    ledger = server.world.store.ledger
    return ledger if not wish.get("ours") else [line for line in ledger if line["session"]]


def _break(server: Server, wish: Header) -> Any:
    """The next call that such a fault can hit."""
    world = server.world
    counts = FAULTS[wish["fault"]].counts
    world.faults.planned.append(Planned(wish["fault"], world.faults.counted[counts] + wish.get("nth", 1)))
    return world.faults.planned[-1].data


def _situation(server: Server, wish: Header) -> None:
    from portkey_migrate.lab import situations

    situations.apply(server.world, wish["name"], wish.get("app", ""))


def _faults(server: Server, wish: Header) -> None:
    faults = server.world.faults
    faults.planned = [Planned(one["kind"], one["nth"]) for one in wish["planned"]]
    faults.twin = wish.get("twin", "")


def _record(server: Server, wish: Header) -> None:
    server.points.record_into = Path(wish["dir"]) if wish.get("dir") else None


def _stop_at(server: Server, wish: Header) -> None:
    server.points.stop_at, server.points.held = wish.get("point", 0), False
    server.points.stop_in_doubt = wish.get("in_doubt", False)


def _points(server: Server, _: Header) -> Any:
    return [point.data for point in server.points.seen]


def _held(server: Server, _: Header) -> bool:
    return server.points.held


def _let_go(server: Server, _: Header) -> None:
    server.points.held, server.points.stop_at = False, 0


def _resolve(server: Server, wish: Header) -> str:
    """The address that people's machines are told for a host."""
    from portkey_migrate.lab.town import town

    return town(server.world).dns.resolve(wish["host"])


def _point(server: Server, wish: Header) -> None:
    """Somebody sets a host in the resolver by hand."""
    from portkey_migrate.lab.town import town

    here = town(server.world)
    here.dns.point(wish["host"], wish["address"])
    here.users.look(server.world)


def _stats(server: Server, _: Header) -> Any:
    world = server.world
    return {
        "now": world.now,
        "since": world.started,
        "seed": world.seed,
        "name": world.name,
        "api_calls": world.api_calls,
        "counted": world.faults.counted,
        "faults": [line.data for line in world.faults.planned],
        "sessions": list(server.sessions),
        "reported": sorted(server.reported),
        "commands": world.sessions,
    }


_WISHES: dict[str, Any] = {
    "quit": _quit,
    "save": _save,
    "advance": _advance,
    "land-twins": _land_twins,
    "verdict": _verdict,
    "users": _users,
    "fingerprint": _fingerprint,
    "differences": _differences,
    "ledger": _ledger,
    "break": _break,
    "situation": _situation,
    "faults": _faults,
    "record": _record,
    "stop-at": _stop_at,
    "points": _points,
    "held": _held,
    "let-go": _let_go,
    "resolve": _resolve,
    "point": _point,
    "stats": _stats,
}
