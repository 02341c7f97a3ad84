"""The states of a machine as a picture."""

from __future__ import annotations

from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.cli.words import KINDS
from portkey_migrate.report.diagram import Diagram, Drawn


@click.command("graph")
@subjects.argument()
@options.output("table", "json", "yaml", "name", "markdown")
@options.places
def command(subject: tuple[str, ...], **typed: Any) -> int:
    """The machine of a kind (`graph app`), or of one subject with its current state marked, as mermaid.

    Without a subject, all four machines.
    """
    it = acting.given(typed)
    wanted = subjects.parse(subject, kind_alone=True)
    if wanted is None or wanted in KINDS:
        acting.show(Diagram(tuple(_kind(kind) for kind in ([wanted] if wanted else KINDS))), it.output)
        return 0
    acting.show(Diagram((_one(it, str(acting.known(it, wanted))),)), it.output)
    return 0


def _kind(kind: Any) -> Drawn:
    from portkey_migrate import machines

    states = machines.way(kind)
    return Drawn(kind, "", states, machines.mermaid(kind, states))


def _one(it: acting.Given, subject: str) -> Drawn:
    from portkey_migrate import machines, session

    plan = session.load_plan(it.folder)
    kind: Any
    kind, name = subject.split("/", 1)
    states = machines.way(kind, _of_method(plan, kind, name), new=kind == "node" and name in plan.nodes and plan.nodes[name].new is not None)
    current = acting.states(it.place).get(subject, states[0])
    return Drawn(subject, current, states, machines.mermaid(kind, states, current))


def _of_method(plan: Any, kind: str, name: str) -> tuple[str, ...]:
    """The states that an app's method has; all of the machine's where the method is not built yet."""
    from portkey_migrate import recipes
    from portkey_migrate.model import Found

    app = plan.apps.get(name) if kind == "app" else None
    method = recipes.methods().get(app.method) if app is not None else None
    if app is None or method is None:
        return ()
    nothing = Found(name, name, (), name, "", "/", name, 0, "", (), "", "")  # the states of a method do not depend on what is found
    return tuple(method.forward(app, nothing))
