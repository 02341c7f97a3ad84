"""One file for each thing acted on. A step says which object, what it wants of it, and how one sees that it came.

It never waits, records nothing, and does not know whether it is part of going forward or back. A step is data: a frozen dataclass whose
fields are JSON, so that a recorded row is enough to make it again.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

from portkey_migrate.errors import UnknownName
from portkey_migrate.model import Answer, Change, Fields, Ref, Seen, not_yet, ok
from portkey_migrate.systems.at import At


@dataclass(frozen=True)
class Step:
    """Makes one change true by exactly one mutating call on one system."""

    kind: ClassVar[str] = ""  # its id on disk: lower case, never renamed, never reused
    within: ClassVar[float] = 60.0  # seconds in which its proof must answer
    verbs: ClassVar[tuple[str, ...]] = ("get", "patch")  # what it and its undo may send, for `permissions-suffice`
    closes: ClassVar[bool] = False  # from its first attempt nobody is served, until a check has seen that they are
    pivot: ClassVar[bool] = False  # from its first attempt new writes live on the other side

    @property
    def name(self) -> str:
        """Unique in a recipe; says what is wanted: `scale-to-0:source/vaultwarden`."""
        raise NotImplementedError

    @property
    def first(self) -> tuple[str, ...]:
        """Checks asked before every attempt, repeated or resumed: where a stale yes would hurt."""
        return tuple(getattr(self, "asks", ()))

    def ref(self, at: At) -> Ref:
        raise NotImplementedError

    def sends(self, at: At) -> Sequence[tuple[str, Ref]]:
        """Every verb and object that it and its undo may send: a right that is missing on the way back is found out before the way there."""
        return [(verb, self.ref(at)) for verb in self.verbs]

    def wants(self, seen: Seen, at: At) -> Fields | None:
        """The fields as wanted, given the first look; None: the object is to be gone."""
        raise NotImplementedError

    def along(self, at: At) -> Fields:
        """Sent with the change, never compared."""
        return {}

    def undo(self, change: Change, at: At) -> tuple[Change, ...]:
        """Asked once, before attempt 1, and recorded."""
        return (change.undone,)

    def proof(self, change: Change, at: At) -> Answer:
        """Whether the outcome has come, after one look; the same for the change and for its undo."""
        stands = change.stands(at.get(change.ref))
        return (
            ok()
            if stands == "after"
            else not_yet(f"{change.ref} stands {stands}", watch=Ref(change.ref.system, change.ref.kind, change.ref.namespace, ""))
        )

    def by_hand(self, change: Change) -> Sequence[Sequence[str]] | None:
        """Argv where the system's own words for the change would not do; None: the system's."""
        return None

    def typed(self, begun: Mapping[str, Change]) -> Change | None:
        """What a person would type for it on a way back, from what was recorded alone; None: nothing that can be said before a look."""
        return None

    def data(self) -> dict[str, Any]:
        return {"kind": self.kind, "args": {f.name: getattr(self, f.name) for f in fields(self)}}


@cache
def _load() -> dict[str, type[Step]]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    found: dict[str, type[Step]] = {}
    todo: list[type[Step]] = [Step]
    while todo:
        for one in todo.pop().__subclasses__():
            todo.append(one)
            if one.kind:
                found[one.kind] = one
    return dict(sorted(found.items()))


def registry() -> dict[str, type[Step]]:
    """Every step by its id on disk; a new file in this folder is found by being there."""
    return _load()


def from_data(data: Mapping[str, Any]) -> Step:
    """The step that a row recorded. A kind that this version does not know is an error that says so (exit 8)."""
    kind = _load().get(data["kind"])
    if kind is None:
        raise UnknownName(f"the journal names a step {data['kind']!r} that this version does not know")
    args = {name: tuple(value) if isinstance(value, list) else value for name, value in data["args"].items()}
    return kind(**args)
