"""How a row in memory and a row on disk become each other. Reader and writer share it; it knows no database and no file.

JSON is compact, ASCII and sorted by key: the same rows give the same bytes whatever the hash seed, and a lone surrogate in a label of
somebody's object cannot make a row unwritable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from portkey_migrate.journal.columns import moment
from portkey_migrate.journal.rows import Pin, Row, Subject, Transition
from portkey_migrate.model import Answer, Change, Ref

Cells = Sequence[Any]
#: One app's whole history, forward and back. The engine asks for the same rows at every step, inside an outage too.
_READ = 2048


def _plain(value: object) -> object:
    """What JSON has no word for, as evidence may hold it."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    message = f"{type(value).__name__} cannot be journaled"
    raise TypeError(message)


def text(value: object) -> str:
    return json.dumps(value, default=_plain, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _change_data(change: Change) -> dict[str, Any]:
    ref = change.ref
    data: dict[str, Any] = {"ref": [ref.system, ref.kind, ref.namespace, ref.name], "before": change.before, "after": change.after}
    return {**data, "along": change.along} if change.along else data


def _change(data: Mapping[str, Any]) -> Change:
    return Change(Ref(*data["ref"]), data["before"], data["after"], data.get("along", {}))


def change_text(change: Change | None) -> str | None:
    return None if change is None else text(_change_data(change))


def change_from(stored: str | None) -> Change | None:
    return None if stored is None else _change(json.loads(stored))


def undo_text(undo: Sequence[Change]) -> str:
    return text([_change_data(change) for change in undo])


def undo_from(stored: str | None) -> tuple[Change, ...]:
    return () if stored is None else tuple(_change(data) for data in json.loads(stored))


def answer_text(answer: Answer | None) -> str | None:
    if answer is None:
        return None
    ref = answer.watch
    data = {
        "verdict": answer.verdict,
        "values": answer.values,
        "why": answer.why,
        "fix": answer.fix,
        "watch": None if ref is None else [ref.system, ref.kind, ref.namespace, ref.name],
        "waits_for": answer.waits_for,
    }
    return text({key: value for key, value in data.items() if value or key == "verdict"})


def answer_from(stored: str | None) -> Answer | None:
    if stored is None:
        return None
    data = json.loads(stored)
    if "watch" in data:
        data["watch"] = Ref(*data["watch"])
    return Answer(**data)


def subject_from(cells: Cells) -> Subject:
    kind, name, state, version, method, phase, position, since, gate, soak_until, outage = cells
    return Subject(kind, name, state, version, method, phase, position, moment(since), gate, moment(soak_until), outage)


@lru_cache(_READ)
def transition_from(cells: tuple[Any, ...]) -> Transition:
    """The same cells are the same object: nobody writes into what was read."""
    (id_, subject, leaves, reaches, direction, method, key, plan_hash, tool_version, found, begun, of, by_itself, why) = cells[:14]
    ended, down_from, down_to, outcome, error, who = cells[14:]
    return Transition(
        id=id_,
        subject=subject,
        leaves=leaves,
        reaches=reaches,
        direction=direction,
        method=method,
        key=key,
        plan_hash=plan_hash,
        tool_version=tool_version,
        found=json.loads(found),
        begun=datetime.fromisoformat(begun),
        of=of,
        by_itself=bool(by_itself),
        why=why,
        ended=moment(ended),
        down_from=moment(down_from),
        down_to=moment(down_to),
        outcome=outcome,
        error=error,
        who=who,
    )


@lru_cache(_READ)
def row_from(cells: tuple[Any, ...]) -> Row:
    """As `transition_from`."""
    (transition, n, name, item, change, undo, undoes_transition, undoes_n) = cells[:8]
    attempt, sent_at, sent_under, reply, doubt_until, answer, done_at = cells[8:]
    return Row(
        transition=transition,
        n=n,
        name=name,
        item=json.loads(item),
        change=change_from(change),
        undo=undo_from(undo),
        undoes=None if undoes_transition is None else (undoes_transition, undoes_n),
        attempt=attempt,
        sent_at=moment(sent_at),
        sent_under=sent_under,
        reply=reply,
        doubt_until=moment(doubt_until),
        answer=answer_from(answer),
        done_at=moment(done_at),
    )


def pin_from(cells: Cells) -> Pin:
    role, uid, ca_sha256, at, who = cells
    return Pin(role, uid, ca_sha256, datetime.fromisoformat(at), who)
