"""Who may write the data of an app that people cannot use: what the rows of the move saw, and no more.

"Nobody" is said only once it was seen; before that the honest word is that the writer is being stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portkey_migrate.report.serving import Moving

#: The newest of these that is true counts, top to bottom: (how, front of a row's name, what it means). `begun`: its first attempt is on disk;
#: `seen`: it answered ok, a warning is no sight; `done`: it was sent and proved, or it only warned.
_FORWARD = (
    ("begun", "route:", "Talos alone writes it, whether people reach it was not seen yet"),
    ("begun", "scale-up:target", "Talos alone opens it, people are not sent there yet"),
    ("done", "blocklist:", "nobody writes it, K3s's old writer is shut out of Ceph"),
    ("seen", "node-answered", "nobody writes it"),
    ("done", "node-answered", "{node} does not answer, its writer is about to be shut out of Ceph"),
    ("seen", "source-is-quiet", "K3s has stopped, {node} has not answered since"),
)
_BACK = (
    ("begun", "undo-scale-to-0:source", "K3s alone opens it"),
    ("begun", "undo-fence-on:source", "nobody writes it, K3s is about to open it"),
    ("seen", "source-pods-have-ended", "nobody writes it"),
    ("seen", "target-node-answered", "nobody writes it"),
    ("seen", "target-is-quiet", "Talos has stopped"),
    ("begun", "undo-scale-up:target", "Talos is being stopped"),
    ("begun", "close:", "Talos is being stopped"),
)


def writer(moving: Moving | None, *, node: str = "") -> str:
    """In words, for the first line."""
    if moving is None:
        return "nobody writes it"
    back = moving.transition.direction == "back"
    for how, front, said in _BACK if back else _FORWARD:
        if _true(moving.rows, how, front):
            return said.format(node=node or "its node")
    if back:
        return "nobody was seen to write it"
    return "K3s is being stopped" if moving.transition.reaches == "quiesced" else "nobody writes it"


def _true(rows: Sequence[Any], how: str, front: str) -> bool:
    return any(_is(row, how) for row in rows if row.name.startswith(front))


def _is(row: Any, how: str) -> bool:
    verdict = row.answer.verdict if row.answer is not None else ""
    begun = bool(row.attempt)
    if how == "begun":
        return begun
    if how == "seen":
        return row.done_at is not None and verdict != "warn"
    return row.done_at is not None and (begun or verdict == "warn")
