"""One YAML file: its value, and for each place in it the line and column. The only home of `yaml` in this room.

Composed once (the C parser where there is one), turned into plain data here: PyYAML's own constructor costs more than the parse, reads `22:30`
as 1350 and `on` as true, and lets the second of two equal keys win in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from portkey_migrate.plan import secrets
from portkey_migrate.plan.faults import Fault

Loc = Sequence[str | int]
KEY = "[key]"  # pydantic's word at the end of a place: the key is wrong, not its value
_DEEPEST = 20
_CLEAR = "a secret in clear; a plan goes into Git, and Git forgets nothing"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_TAG = "tag:yaml.org,2002:"
_PLAIN = (
    (_TAG + "bool", re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    (_TAG + "null", re.compile(r"~|null|Null|NULL|"), "~nN"),
    (_TAG + "int", re.compile(r"[-+]?[0-9]{1,18}"), "-+0123456789"),
    (_TAG + "float", re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"), "-+0123456789."),
)
_BY_FIRST = {first: [(tag, shape) for tag, shape, firsts in _PLAIN if first in firsts] for first in "tTfF~nN-+0123456789."}
_BY_FIRST[""] = [(_TAG + "null", re.compile(""))]


class _Reader(_Loader):  # type: ignore[misc]  # C or Python, whichever this machine has
    """YAML 1.2's plain scalars, as the editor that checks the schema reads them."""

    def resolve(self, kind: Any, value: str | None, implicit: Any) -> str:
        """The tag of a node that has none written: asked once a node by the parser, so it is short."""
        if kind is not yaml.ScalarNode:
            return _TAG + ("map" if kind is yaml.MappingNode else "seq")
        if implicit[0]:
            for tag, shape in _BY_FIRST.get((value or "")[:1], ()):
                if shape.fullmatch(value or ""):
                    return tag
        return _TAG + "str"


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    _TAG + "str": str,
    _TAG + "bool": lambda text: text.lower() == "true",
    _TAG + "null": lambda _text: None,
    _TAG + "int": int,
    _TAG + "float": float,
}


@dataclass
class Document:
    """A file as read. `value` is None where it could not be; then `faults` says why."""

    file: str  # as messages name it: phases/apps.yaml
    value: Any = None
    faults: list[Fault] = field(default_factory=list)
    root: Any = None
    _made: dict[int, Any] = field(default_factory=dict)
    _keys: dict[int, dict[str, tuple[Any, Any]]] = field(default_factory=dict)  # of a mapping that was looked into: each key's mark and value

    def fault(self, loc: Loc, what: str, got: str = "") -> Fault:
        """A fault at a place: the value there, or its key where the place ends in KEY; the nearest key above where there is nothing."""
        line, column, shown = self._find(loc)
        return Fault(self.file, line, column, shown, what, got)

    def line(self, loc: Loc) -> int:
        return self._find([*loc, KEY])[0]

    def _find(self, loc: Loc) -> tuple[int, int, str]:
        """Line, column, and the place as a person would write it."""
        if self.root is None:
            return 1, 1, ".".join(map(str, loc))
        node, shown = self.root, []
        key_mark = mark = node.start_mark
        for part in loc:
            if part == KEY:
                mark = key_mark
            elif isinstance(part, int) and not isinstance(node, yaml.SequenceNode):
                continue  # the row that a single item was wrapped into: it has no place of its own
            else:
                shown.append(str(part))
                found = self._inside(node, part)
                if found is None:
                    node, mark = None, key_mark
                else:
                    key_mark, node = found
                    mark = node.start_mark
        return mark.line + 1, mark.column + 1, ".".join(shown)

    def _inside(self, node: Any, part: str | int) -> tuple[Any, Any] | None:
        """Where a part of a node begins, its key if it has one, and the node there."""
        if isinstance(node, yaml.MappingNode):
            if id(node) not in self._keys:
                self._keys[id(node)] = {key.value: (key.start_mark, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
            return self._keys[id(node)].get(str(part))
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part].start_mark, node.value[part]
        return None

    def make(self, node: Any, loc: tuple[str | int, ...] = ()) -> Any:
        """Plain data from a node; what is no plain data is a fault, and None in its place."""
        if type(node) is yaml.ScalarNode:
            scalar = _SCALARS.get(node.tag)
            if scalar is not None:
                try:
                    return scalar(node.value)
                except ValueError:
                    pass
            return self._bad(node, loc, "is not plain YAML (text, number, true or false)")
        if id(node) in self._made:
            return self._made[id(node)]  # an alias: the same value, made once
        if len(loc) > _DEEPEST:
            return self._bad(node, loc, "is nested too deeply")
        self._made[id(node)] = None
        if type(node) is yaml.SequenceNode:
            made: Any = [self.make(one, (*loc, n)) for n, one in enumerate(node.value)]
        else:
            made = {}
            for key_node, value_node in node.value:
                key = key_node.value
                if type(key_node) is not yaml.ScalarNode:
                    self._bad(key_node, loc, "a key should be text")
                    continue
                if key in made:
                    self._bad(key_node, (*loc, key), "stands twice; the first would be lost", repr(key))
                made[key] = self.make(value_node, (*loc, key))
        self._made[id(node)] = made
        return made

    def _bad(self, node: Any, loc: Loc, what: str, got: str = "") -> None:
        self.faults.append(Fault(self.file, node.start_mark.line + 1, node.start_mark.column + 1, ".".join(map(str, loc)), what, got))


def read(file: str, data: bytes) -> Document:
    """A file's bytes as a document. Never raises: what is wrong stands in `faults`."""
    document = Document(file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        document.faults.append(Fault(file, before.count(b"\n") + 1, error.start - before.rfind(b"\n"), "", "is not UTF-8"))
        return document
    document.faults += [Fault(file, *_place(text, start), "", _CLEAR, secret=True) for start, _ in secrets.spans(text)]
    try:
        document.root = _compose(text)
    except yaml.YAMLError as error:
        document.faults.append(_broken(file, error))
        return document
    except RecursionError:
        document.faults.append(Fault(file, 1, 1, "", "is nested too deeply"))
        return document
    if document.root is None:
        document.faults.append(Fault(file, 1, 1, "", "is empty"))
        return document
    if document.faults or secrets.may_hold_keys(text):
        document.faults += _blank(file, document.root, (), set())
    document.value = document.make(document.root)
    return document


def _compose(text: str) -> Any:
    reader = _Reader(text)
    try:
        return reader.get_single_node()
    finally:
        reader.dispose()


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _broken(file: str, error: yaml.YAMLError) -> Fault:
    """The parser's own words, without what it quotes: that is a piece of the file, and may be a secret."""
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", "") or getattr(error, "reason", "") or "cannot be read")
    problem = re.sub(r"(['\"`])(.*?)\1", lambda quote: quote[0] if re.fullmatch(r"[^\w]+|<[a-z ]+>", quote[2]) else "…", said, flags=re.DOTALL)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Fault(file, line, column, "", f"is not YAML: {problem}")


def _blank(file: str, node: Any, loc: tuple[str, ...], seen: set[int]) -> Iterator[Fault]:
    """Takes every secret out of the tree before anything else sees it, and says where it stood."""
    if id(node) in seen or len(loc) > _DEEPEST:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for n, one in enumerate(node.value):
            if isinstance(one, yaml.ScalarNode):
                yield from _blank_scalar(file, one, (*loc, str(n)))
            else:
                yield from _blank(file, one, (*loc, str(n)), seen)
    elif isinstance(node, yaml.MappingNode):
        for n, (key, value) in enumerate(node.value):
            if not isinstance(key, yaml.ScalarNode):
                continue
            yield from _blank_scalar(file, key, loc)
            here = (*loc, key.value)
            if secrets.is_key(key.value) and value.value not in ("", None):
                node.value[n] = (key, yaml.ScalarNode(_TAG + "str", secrets.HIDDEN, value.start_mark, value.end_mark))
                yield Fault(file, key.start_mark.line + 1, key.start_mark.column + 1, ".".join(here), _CLEAR, secret=True)
            elif isinstance(value, yaml.ScalarNode):
                yield from _blank_scalar(file, value, here)
            else:
                yield from _blank(file, value, here, seen)


def _blank_scalar(file: str, node: Any, loc: tuple[str, ...]) -> Iterator[Fault]:
    if secrets.holds(node.value):
        node.value = secrets.HIDDEN
        yield Fault(file, node.start_mark.line + 1, node.start_mark.column + 1, ".".join(loc), _CLEAR, secret=True)
