"""`migrate rehearse`: the document as it is (ux §2.2), and the same for a person: verdict first, then what users saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from portkey_migrate.report import words
from portkey_migrate.report.pages import Block, Column, Command, Line, Table

_EXITS = {"clean": 0, "blocked": 3}
_NOT_CLEAN = 11
_SYMBOLS = {"clean": "✔", "blocked": "✖", "not-clean": "✖"}


class Rehearsal(NamedTuple):
    """One rehearsal's document."""

    it: Mapping[str, Any]

    @property
    def exit(self) -> int:
        return _EXITS.get(str(self.it.get("verdict")), _NOT_CLEAN)

    def _again(self) -> str:
        """The command that makes this run again, whole: the request is part of the document."""
        asked = [f"--{name.replace('_', '-').rstrip('-')} {value}" for name, value in (self.it.get("request") or {}).items() if value]
        subject = words.typed(str(self.it.get("subject") or ""))
        world = f"--world {self.it.get('world')}" if self.it.get("world") not in (None, "portkey") else ""
        return " ".join(part for part in ("migrate rehearse", subject, f"--seed {self.it.get('seed')}", world, *asked, "-o json") if part)

    def names(self) -> list[str]:
        return [str(self.it.get("verdict", ""))]

    def document(self) -> dict[str, Any]:
        return dict(self.it)

    def blocks(self, *, wide: bool) -> list[Block]:
        it = self.it
        verdict = str(it.get("verdict"))
        out: list[Block] = [
            Line(words.world(f"lab:{it.get('seed')}")),
            Line(
                f"{_SYMBOLS.get(verdict, '·')} {verdict}: {it.get('subject') or 'what moved so far'} in {it.get('world')}, seed {it.get('seed')}",
                strong=True,
            ),
        ]
        out += [Line(f"  {reason}", hang=2) for reason in it.get("reasons") or []]
        if it.get("blocked_by"):
            out.append(Line(f"  refused by {', '.join(it['blocked_by'])}"))
        apps = it.get("apps") or []
        if apps:
            columns = tuple(Column(title) for title in ("APP", "STATE", "SERVED BY", "ACKNOWLEDGED", "LOST", "TWO WRITERS", "DOWN", "OURS"))
            out += [Line(), Table(columns, tuple(_app(app) for app in apps))]
            out += [Line(f"{app.get('name')} waited {said}", hang=2) for app in apps if (said := _waits(app))]
        crashes = it.get("crashes") or {}
        if crashes.get("points"):
            said = ", ".join(
                f"{crashes.get(key, 0)} {word}"
                for key, word in (
                    ("recovered", "recovered"),
                    ("parked", "parked"),
                    ("double_effects", "double effects"),
                    ("by_sigkill", "by SIGKILL"),
                )
            )
            out += [
                Line(),
                Line(f"Crash points: {crashes['points']}, of them {said}"),
                *(Line(f"  failed: {one}") for one in crashes.get("failed") or []),
            ]
        out += [Line(f"Fault: {_fault(fault)}", hang=2) for fault in it.get("faults") or []]
        left = [one for one in it.get("differences") or [] if wide or not one.get("allowed_by")]
        out += [Line(f"Difference: {_plain(one)}", hang=2) for one in left]
        there, here = (words.duration(float(it.get(key) or 0)) for key in ("virtual_seconds", "wall_seconds"))
        took = f"{there} of the lab's time in {here}, {it.get('api_calls', 0)} calls"
        out += [Line(), Line(took)]
        if it.get("subject"):  # what a person moved by hand has no command that makes it again
            out.append(Command(self._again(), "the same run, whole", "Again:"))
        return out


def _app(app: Mapping[str, Any]) -> tuple[str, ...]:
    said = app.get("acknowledged") or {}
    serves = {"source": "K3s", "target": "Talos", "none": "nobody"}.get(str(app.get("serves")), "unknown")
    down = f"{words.duration(float(app.get('outage_seconds') or 0))} of {words.duration(float(app.get('outage_budget_seconds') or 0))}"
    return (
        str(app.get("name")),
        str(app.get("state")),
        serves,
        f"{said.get('source', 0)} K3s, {said.get('target', 0)} Talos",
        str(app.get("lost_writes", "unknown")),
        words.duration(float(app.get("double_writer_seconds") or 0)),
        down,
        words.duration(round(float(app.get("engine_outage_seconds") or 0), 2)),
    )


def _waits(app: Mapping[str, Any]) -> str:
    """For what was not true yet, the longest first: outage that is not the tool's own (lab.md 10)."""
    total: dict[str, float] = {}
    for wait in app.get("waits") or []:
        if isinstance(wait, Mapping):
            what = str(wait.get("what") or wait.get("reason") or "something")
            total[what] = total.get(what, 0.0) + float(wait.get("seconds") or 0)
    longest = sorted(total.items(), key=lambda one: -one[1])
    return words.listed([f"{words.duration(seconds)} for {what}" for what, seconds in longest], 6)


def _fault(fault: Any) -> str:
    """What was broken, and where it hit: the seed's own words are long, a person wants the call."""
    if not isinstance(fault, Mapping) or "kind" not in fault:
        return _plain(fault)
    places = [str(hit.get("at", hit)) if isinstance(hit, Mapping) else str(hit) for hit in fault.get("hit") or []]
    hit = words.listed(places) if places else "it hit nothing"
    return f"{fault['kind']} at {fault.get('counts', '')} call {fault.get('nth', '')}: {hit}".replace("  ", " ")


def _plain(value: Any) -> str:
    return ", ".join(f"{key} {inner}" for key, inner in value.items() if inner not in (None, "")) if isinstance(value, Mapping) else str(value)
