"""Tasks that ask: a person's yes, and a look whether something is live. Neither changes anything outside."""

from __future__ import annotations

from portkey_migrate.model import Task
from portkey_migrate.recipes import Ask, Method, Person, Recipe


def _ask(task: Task, found: None) -> Recipe:
    return {"done": [Person(task.text)]}


def _seen(task: Task, found: None) -> Recipe:
    return {"done": [Ask(task.text)]}


def _nothing(task: Task, found: None) -> Recipe:
    """What was only asked or seen is forgotten; there is nothing to undo."""
    return {"todo": []}


ASK = Method("ask", _ask, _nothing, 0.0, (), {}, of="task")
SEEN = Method("seen", _seen, _nothing, 0.0, (), {}, of="task")
METHODS = (ASK, SEEN)
