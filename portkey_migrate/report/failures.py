"""An error as people and programs read it: code and what, why, what is safe now, the next command."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
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
    said = bool(faults) or bool(_about(error)) or why in mends or why == "\n".join(mends)  # it stands in the lines beside it
    lines += _said("why", "" if said else why, paper)
    lines += [f"    {'mend' if n == 0 else '':<8}{line}" for n, line in enumerate(mends)]
    for label, value in _about(error):
        lines += _said(label, str(value or ""), paper)
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
    check = check_of(error)
    if check:
        out["check"] = check
    if _mends(error):
        out["fix"] = _mends(error)
    if error.data.get("faults"):
        out["faults"] = [str(fault) for fault in error.data["faults"]]
    if not _about(error):
        return out
    since = error.data.get("since")
    at = since.isoformat() if isinstance(since, datetime) else since
    return {**out, "holder": {**{name: error.data.get(name) for name in ("who", "host", "pid", "doing")}, "since": at}}


def check_of(error: MigrateError) -> str:
    """The check that refused, of what went back or was parked too; "" where none did."""
    failed = error.data.get("failed")
    return str(error.data.get("check") or (check_of(failed) if isinstance(failed, MigrateError) else ""))


def _said(label: str, text: str, paper: Paper) -> list[str]:
    if not text:
        return []
    first, *more = fold(text, max(paper.width - 12, 0) if paper.width else 0)
    return [f"    {label:<8}{first}", *(" " * 12 + line for line in more)]


def _about(error: MigrateError) -> list[tuple[str, Any]]:
    """Of another operator: who, where, since when, doing what. Others carry their data in the sentence."""
    if error.code != "PKM-0501" or not error.data.get("pid"):
        return []
    data = error.data
    since = data["since"].strftime("%Y-%m-%d %H:%M:%S UTC") if isinstance(data.get("since"), datetime) else data.get("since")
    hangs = f"for sure? kill -9 {data['pid']} on {data.get('host')}: its lock is free at once, and the next command goes on"
    return [("who", f"{data.get('who')}@{data.get('host')} (pid {data['pid']})"), ("since", since), ("doing", data.get("doing")), ("hangs", hangs)]
