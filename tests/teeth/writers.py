"""Teeth for the one writer: hold, fence, Pods, attachment, watcher, node, and the way back."""

from __future__ import annotations

from tests.teeth.stage import Play
from tests.teeth.tooth import TWO_WRITERS, Out, Tooth, believed, forward, without

MOVES = Play(to="protected")

NO_FENCE = Out("no fence on the source", forward(without("fence-on:source")))
QUIET_BELIEVED = Out("source-is-quiet believed", believed("source-is-quiet"))

TEETH = [
    Tooth(
        "no hold",
        forward(without("hold:source")),
        MOVES,
        TWO_WRITERS,
        guards=(NO_FENCE, QUIET_BELIEVED, Out("other looks believed", believed("image-has-no-watcher", "node-answered", "one-watcher"))),
        refused_by="source-is-quiet",
        trap="self-heal",
    ),
]
