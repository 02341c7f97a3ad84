"""An error as people and programs read it: code and what, why, what is safe now, the next command."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from portkey_migrate.errors import MigrateError
from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.layout import fold
from portkey_migrate.report.paper import Paper
from portkey_migrate.report.told import told

MOST_FAULTS = 10


def screen(error: MigrateError, paper: Paper, *, every_fault: bool = False, tz: tzinfo | None = None) -> str:
    """What stderr shows: the data first. Faults of a plan stand one a line, for an editor to jump to; more than ten where they were asked for."""
    what, why, safe = told(error.code, error.why, error.data, tz) or (error.what, error.why, error.safe)
    first, *more = fold(f"✖ {error.code} {what}", paper.width)
    lines = [first, *(f"    {line}" for line in fold(" ".join(more), max(paper.width - 4, 0)) if line)]
    faults = error.data.get("faults")
    if faults:
        shown = faults if every_fault else faults[:MOST_FAULTS]
        lines += [str(fault) for fault in shown]
        lines += [f"and {len(faults) - len(shown)} more"] if len(faults) > len(shown) else []
    mends = _mends(error)
    lines += _said("why", why if not faults and why not in mends and why != "\n".join(mends) else "", paper)
    lines += [f"    {'mend' if n == 0 else '':<8}{line}" for n, line in enumerate(mends)]
    lines += [f"    {label:<8}{value}" for label, value in _about(error) if value]
    lines += _said("safe", safe, paper)
    lines += [f"    {'next' if n == 0 else 'or':<8}{command}" for n, command in enumerate(words.commands(error.hint))]
    return paper.print("\n".join(lines)) + "\n"


def _mends(error: MigrateError) -> list[str]:
    """The lines to commit or to type, each as it is: a folded one could not be copied."""
    fix = str(getattr(error.data.get("answer"), "fix", "") or "")
    return [line for line in fix.split("\n") if line.strip()]


def document(error: MigrateError) -> dict[str, Any]:
    """`kind: Error`, for `-o json`. Its times are UTC."""
    what, why, safe = told(error.code, error.why, error.data, UTC) or (error.what, error.why, error.safe)
    out = {
        "apiVersion": API_VERSION,
        "kind": "Error",
        "code": error.code,
        "exit": error.exit,
        "what": what,
        "why": why,
        "safe": safe,
        "next": words.commands(error.hint),
    }
    if error.data.get("check"):
        out["check"] = str(error.data["check"])
    if _mends(error):
        out["fix"] = _mends(error)
    if error.data.get("faults"):
        out["faults"] = [str(fault) for fault in error.data["faults"]]
    about = {label: str(value) for label, value in _about(error) if value}
    return {**out, "holder": about} if about else out


def _said(label: str, text: str, paper: Paper) -> list[str]:
    if not text:
        return []
    first, *more = fold(text, max(paper.width - 12, 0) if paper.width else 0)
    return [f"    {label:<8}{first}", *(" " * 12 + line for line in more)]


def _about(error: MigrateError) -> list[tuple[str, Any]]:
    """Of another operator: who, where, since when, doing what. Others carry their data in the sentence."""
    if error.code != "PKM-0501":
        return []
    data = error.data
    who = data.get("who") or "unknown"
    where = f"{who}@{data.get('host') or 'unknown'} (pid {data.get('pid') or 'unknown'})"
    return [("who", where), ("since", data.get("since")), ("doing", data.get("doing"))]
