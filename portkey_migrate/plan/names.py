"""Which names a plan may use: from the registries and the one list of what is not built, passed by the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Names:
    """The words of this version. A name in none of them is a fault; one that is not built loads and is refused when its turn comes."""

    methods: frozenset[str]
    checks: frozenset[str]
    tasks: frozenset[str]
    not_built_methods: frozenset[str] = frozenset()
    not_built_tasks: frozenset[str] = frozenset()
    not_built_checks: frozenset[str] = frozenset()
    #: Kind ("app", "node", "new-node", "task", "phase") to its states in order. A kind that is missing is not judged.
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Where an item of a phase may leave an app: anywhere else it would be down, or moving.
    app_gates: tuple[str, ...] = ()
    nodes: bool = False  # whether moves of nodes are built

    def states_of(self, kind: str, *, new: bool = False) -> tuple[str, ...]:
        return self.states.get("new-node" if new else kind, ())
