"""The four machines: which states a subject has and which moves are legal. The only home of `transitions`.

One unbound machine a kind: bound ones cost seconds at scale (measured: 4.3 s for 10,000), and `auto_transitions` would add `to_x()`
moves that jump every guard. Checks, acting and verifying happen in the engine before the trigger; the journal's row is the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from portkey_migrate.errors import Refused
from portkey_migrate.model import Kind

STATES: dict[Kind, tuple[str, ...]] = {
    "app": ("planned", "prepared", "quiesced", "transferred", "started", "routed", "protected", "committed", "reclaimed"),
    "node": ("k3s", "drained", "removed", "detached", "installed", "joined"),
    "task": ("todo", "done"),
    "phase": ("pending", "open", "soaking", "closed"),
}
#: A node that is not there yet takes this way instead.
NEW_NODE = ("absent", "provisioned", "installed", "joined")

GATES: dict[Kind, tuple[str, ...]] = {"app": ("prepared", "protected", "committed"), "node": ("joined",), "task": ("done",), "phase": ("closed",)}
PIVOT = "routed"
IRREVERSIBLE = ("reclaimed",)
#: Where a way back leads by default, from every later state; from there itself it leads to the first.
HOME: dict[Kind, str] = {"app": "prepared", "node": "k3s", "task": "todo", "phase": "pending"}


@dataclass
class _Row:
    state: str


def way(kind: Kind, has: Sequence[str] = (), *, new: bool = False) -> tuple[str, ...]:
    """The states of a subject in order; `has`: those that its method has, beside the first."""
    states = NEW_NODE if new else STATES[kind]
    return tuple(s for i, s in enumerate(states) if i == 0 or not has or s in has)


@cache
def _machine(kind: Kind, states: tuple[str, ...]) -> Any:
    from transitions import Machine

    moves: list[dict[str, Any]] = [{"trigger": f"advance-{there}", "source": here, "dest": there} for here, there in pairwise(states)]
    for n, there in enumerate(states[:-1]):
        late = [s for s in states[n + 1 :] if s not in IRREVERSIBLE]
        if late and (kind != "app" or there in ("planned", "prepared")):
            moves.append({"trigger": f"back-to-{there}", "source": late, "dest": there})
    if kind == "task":  # a result that has aged is made anew
        moves.append({"trigger": "advance-done", "source": "done", "dest": "done"})
    return Machine(model=None, states=list(states), transitions=moves, initial=states[0], auto_transitions=False)


def fire(kind: Kind, states: tuple[str, ...], state: str, trigger: str) -> str:
    """The state after a legal move; `Refused` for any other. `trigger`: `advance-STATE` or `back-to-STATE`."""
    from transitions import MachineError

    event = _machine(kind, states).events.get(trigger)
    row = _Row(state)
    try:
        if event is None or not event.trigger(row):
            raise Refused(f"{kind}: no move {trigger} from {state}")
    except MachineError:
        raise Refused(f"{kind}: no move {trigger} from {state}") from None
    return row.state


def next_state(states: Sequence[str], state: str) -> str | None:
    """The next state of a way, None at its end."""
    at = list(states).index(state)
    return states[at + 1] if at + 1 < len(states) else None


def mermaid(kind: Kind, states: tuple[str, ...], current: str = "") -> str:
    """A state diagram of the machine, the current state marked. From a throw-away bound machine."""
    from transitions.extensions import GraphMachine

    class Drawn:
        """A model only for the picture."""

    machine = _machine(kind, states)
    moves = [
        {"trigger": name, "source": t.source, "dest": t.dest}
        for name, event in machine.events.items()
        for group in event.transitions.values()
        for t in group
    ]
    drawn: Any = Drawn()
    GraphMachine(
        model=drawn, states=list(states), transitions=moves, initial=current or states[0], auto_transitions=False, graph_engine="mermaid", title=kind
    )
    return str(drawn.get_graph().draw(None) or drawn.get_graph().source)
