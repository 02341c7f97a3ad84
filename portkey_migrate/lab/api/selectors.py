"""Label and field selectors, with the real server's words for what it does not understand."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from portkey_migrate.lab.api.message import Refused, bad
from portkey_migrate.lab.kinds import Kind
from portkey_migrate.lab.store import Object
from portkey_migrate.lab.truth import held

FACTS = (
    held("what a label selector finds", "tests/contract/test_lists_and_watches.py::test_a_label_selector_chooses"),
    held("a broken one is 400", "tests/contract/test_lists_and_watches.py::test_a_broken_label_selector_is_a_bad_request"),
    held("which fields may be selected", "tests/contract/test_lists_and_watches.py::test_a_field_selector_knows_its_fields"),
)

Matches = Callable[[Object], bool]

_TOKEN = re.compile(r"\s*(==|!=|=|!|\(|\)|,|<|>|[^\s=!,()<>]+)")
_ALWAYS = ("metadata.name", "metadata.namespace")
_MORE: dict[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "Secret": ("type",),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "ReplicaSet": ("status.replicas",),
    "Job": ("status.successful",),
    "Event": ("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "reason", "type", "source"),
    "Certificate": (),
}


def _unparsable(found: str, expected: str) -> Refused:
    return bad(f"unable to parse requirement: found '{found}', expected: {expected}")


class _Reader:
    """Reads one selector, token by token."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    @property
    def token(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.token
        self.at += 1
        return token

    def values(self) -> frozenset[str]:
        if self.take() != "(":
            raise _unparsable(self.tokens[self.at - 1] if self.at <= len(self.tokens) else "", "'('")
        out: set[str] = set()
        while True:
            out.add("" if self.token in (",", ")") else self.take())
            token = self.take()
            if token == ")":  # noqa: S105 - a paging or a parsing token
                return frozenset(out)
            if token != ",":  # noqa: S105 - a paging or a parsing token
                raise _unparsable(token, "',' or ')'")


@lru_cache(maxsize=512)
def labels(text: str) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """A label selector as requirements (key, operator, values). Raises a 400."""
    reader, out = _Reader(text), []
    while reader.token:
        negated = reader.token == "!" and bool(reader.take())  # noqa: S105 - a paging or a parsing token
        key = reader.take()
        if not key or key in (",", "(", ")", "=", "==", "!="):
            raise _unparsable(key, "!, identifier, or 'end of string'")
        operator = reader.token
        values: frozenset[str] = frozenset()
        if negated:
            operator = "!"
        elif operator in ("", ","):
            operator = "exists"
        elif operator in ("in", "notin"):
            reader.take()
            values = reader.values()
        elif operator in ("=", "==", "!=", "<", ">"):
            reader.take()
            values = frozenset(("" if reader.token in ("", ",") else reader.take(),))
            operator = "=" if operator == "==" else operator
        else:
            raise _unparsable(operator, "in, notin, =, ==, !=, gt, lt, ',' or 'end of string'")
        out.append((key, operator, values))
        if reader.token == "":
            break
        if reader.take() != "," or not reader.token:
            raise _unparsable(reader.token, "',' or 'end of string'")
    return tuple(out)


def _holds(requirement: tuple[str, str, frozenset[str]], have: dict[str, str]) -> bool:
    key, operator, values = requirement
    value = have.get(key)
    if operator == "exists":
        return value is not None
    if operator == "!":
        return value is None
    if operator in ("=", "in"):
        return value is not None and value in values
    if operator in ("!=", "notin"):  # what has no such label matches too
        return value is None or value not in values
    (bound,) = values
    if value is None or not value.lstrip("-").isdigit() or not bound.lstrip("-").isdigit():
        return False
    return int(value) > int(bound) if operator == ">" else int(value) < int(bound)


def label_match(selector: dict[str, Any] | None) -> Matches:
    """A LabelSelector as objects hold it (matchLabels, matchExpressions). Empty matches all."""
    selector = selector or {}
    wanted = [(key, "=", frozenset((value,))) for key, value in selector.get("matchLabels", {}).items()]
    words = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    wanted += [(one["key"], words[one["operator"]], frozenset(one.get("values", ()))) for one in selector.get("matchExpressions", ())]
    return lambda obj: all(_holds(one, obj["metadata"].get("labels") or {}) for one in wanted)


def _field(obj: Object, path: str) -> str:
    value: Any = obj
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def fields(kind: Kind, text: str) -> list[tuple[str, bool, str]]:
    """A field selector as (path, equal, value). Raises a 400 that names what this kind knows."""
    out = []
    known = _ALWAYS + _MORE.get(kind.kind, ())
    for term in filter(None, text.split(",")):
        found = re.fullmatch(r"([^=!]*)(==|!=|=)(.*)", term)
        if found is None:
            raise bad(f"invalid selector: '{text}'; can't understand '{term}'")
        path, operator, value = found.groups()
        if path not in known:
            if kind.kind == "Pod":
                raise bad(f"field label not supported: {path}")
            if kind.crd:
                raise bad(f"field label not supported: {path}")
            raise bad(f'"{path}" is not a known field selector: only ' + ", ".join(f'"{one}"' for one in known))
        out.append((path, operator != "!=", value))
    return out


class Selection:
    """Both selectors of one request. Picklable, because a watch that waits is part of a copy of the world."""

    def __init__(self, kind: Kind, label_text: str = "", field_text: str = "", name: str = "") -> None:
        self.labels = labels(label_text)
        self.fields = fields(kind, field_text)
        if name:
            self.fields.append(("metadata.name", True, name))

    def __call__(self, obj: Object) -> bool:
        if self.labels:
            have = obj["metadata"].get("labels") or {}
            if not all(_holds(one, have) for one in self.labels):
                return False
        return all((_field(obj, path) == value) is equal for path, equal, value in self.fields)

    @property
    def all(self) -> bool:
        return not self.labels and not self.fields
