"""A document judged by a model: the model, and every fault at its line and column. pydantic's words become ours here."""

from __future__ import annotations

import typing
from types import UnionType
from typing import Annotated, Any, TypeVar, Union

from portkey_migrate.plan.document import KEY, Document, Loc
from portkey_migrate.plan.entries import Entry, Pruned
from portkey_migrate.plan.faults import Fault, echo, meant

M = TypeVar("M", bound=Entry)
_ROUNDS = 6
_WORDS = {
    "string_type": "should be text (quote it)",
    "int_type": "should be a whole number",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
    "model_attributes_type": "should be a mapping",
    "list_type": "should be a list",
    "recursion_loop": "refers to itself",
}


def judge(model: type[M], document: Document, faults: list[Fault]) -> M | None:
    """The model; without its faulty parts where it has some, so that one run names every fault. None: nothing is left."""
    value: Any = document.value
    if not isinstance(value, dict):
        if document.root is not None:
            faults.append(document.fault((), "should be a mapping of keys", echo(value)))
        return None
    gone: set[tuple[str | int, ...]] = set()
    for _ in range(_ROUNDS):
        made, problems = model.judge(value)
        if made is not None:
            return made
        # What is missing because something faulty was taken out was named already.
        faults += [_fault(model, document, one) for one in problems if one["type"] != "missing" or one["loc"] not in gone]
        cut = [_cut(one["loc"], one["type"]) for one in problems]
        if () in cut:
            return None
        gone.update(cut)
        value = _without(value, cut)
    return None


def _fault(model: type[Entry], document: Document, problem: Any) -> Fault:
    loc, kind = problem["loc"], problem["type"]
    if kind == "missing":
        return document.fault((*loc, KEY), "is required and missing")
    if kind == "extra_forbidden":
        return document.fault((*loc, KEY), f"unknown key{meant(str(loc[-1]), _keys_at(model, loc[:-1]))}", repr(loc[-1]))
    if kind == "literal_error":
        expected = problem["ctx"]["expected"].replace("'", "")
        return document.fault(loc, f"should be {expected}{meant(str(problem['input']), expected.split(' or '))}", echo(problem["input"]))
    ours = str(problem["ctx"]["error"]) if kind == "value_error" else _WORDS.get(kind)
    what = ours or problem["msg"].replace("Input should", "should")
    got = loc[-2] if loc and loc[-1] == KEY else problem["input"]
    return document.fault(loc, what, echo(got))


def _cut(loc: Loc, kind: str) -> tuple[str | int, ...]:
    """What to leave out so that the rest can be judged: the key, its entry where it was required, a whole row of `do`."""
    place = tuple(part for part in loc if part != KEY)
    if place[:1] == ("do",):
        return place[:2] if len(place) > 1 else ()
    return place[:-1] if kind == "missing" else place


def _without(value: Any, cut: list[tuple[str | int, ...]]) -> Any:
    """A copy without some places; in a list their places are kept."""
    heads: dict[Any, list[tuple[str | int, ...]]] = {}
    for place in cut:
        heads.setdefault(place[0], []).append(place[1:])
    if isinstance(value, list):
        return [one if n not in heads else Pruned() if () in heads[n] else _without(one, heads[n]) for n, one in enumerate(value)]
    return {key: one if key not in heads else _without(one, heads[key]) for key, one in value.items() if () not in heads.get(key, [])}


def _keys_at(model: Any, loc: Loc) -> list[str]:
    """The keys that a mapping at a place may have, for did-you-mean."""
    kind = _plain(model)
    for part in loc:
        kind = _plain(kind)
        if isinstance(kind, type) and issubclass(kind, Entry):
            kind = kind.keys().get(str(part))
        else:
            inner = typing.get_args(kind)
            kind = inner[-1] if inner else None
    kind = _plain(kind)
    return list(kind.keys()) if isinstance(kind, type) and issubclass(kind, Entry) else []


def _plain(kind: Any) -> Any:
    """A type without Annotated and without `| None`."""
    while typing.get_origin(kind) in (Annotated, Union, UnionType):
        kind = typing.get_args(kind)[0]
    return kind
