"""What `advance`, `rollback` and `resolve` share: open, act, print how it ended. No logic of the migration."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from portkey_migrate.cli import stopping, subjects, telling, where
from portkey_migrate.errors import Interrupted, MigrateError
from portkey_migrate.report import formats, words
from portkey_migrate.report.ending import Ending
from portkey_migrate.report.pages import Page
from portkey_migrate.report.paper import paper_of

if TYPE_CHECKING:
    from portkey_migrate.session import Options, Session


class Given(NamedTuple):
    """The options that every acting verb has."""

    home: str | None
    state: str | None
    kubeconfig: str | None = None
    source_context: str | None = None
    target_context: str | None = None
    yes: bool = False
    confirm: str = ""
    no_input: bool = False
    output: str = "table"
    events: str = ""
    utc: bool = False

    @property
    def folder(self) -> Path:
        return where.home(self.home)

    @property
    def place(self) -> Path:
        return where.state(self.state, self.home)

    def options(self) -> Options:
        from portkey_migrate.session import Options

        return Options(
            source_context=self.source_context or "",
            target_context=self.target_context or "",
            kubeconfig=self.kubeconfig or "",
            yes=self.yes,
            confirm=self.confirm,
            prompt=telling.prompt(no_input=self.no_input),
        )


def given(options: dict[str, Any]) -> Given:
    """The shared options of a verb's keywords; its own are left out."""
    inherited = _above("home")
    chosen = {name: value for name, value in options.items() if name in Given._fields}
    chosen["home"] = chosen.get("home") or inherited
    return Given(**{"state": None, **chosen})


def _above(name: str) -> str | None:
    """An option that stood before the verb: `migrate -C DIR status`."""
    import click

    context = click.get_current_context(silent=True)
    found: str | None = ((context.obj or {}) if context else {}).get(name)
    return found


def show(page: Page, fmt: str) -> None:
    """The answer, on stdout."""
    sys.stdout.write(formats.render(page, fmt, paper_of(sys.stdout, os.environ)))


def known(given_: Given, subject: str | None) -> str | None:
    """The subject, once the plan or the journal knows it; before that nothing is opened and not one byte is written."""
    from portkey_migrate import session

    plan = session.load_plan(given_.folder)
    return subjects.known(subject, plan.subjects(), lambda wanted: journal_knows(given_.place, wanted))


def journal_knows(place: Path, subject: str) -> bool:
    """Whether the journal has it: a subject that left the plan can still be rolled back."""
    from portkey_migrate.journal.read import history

    return bool(history(place, subject))


def act(verb: str, given_: Given, subject: str | None, do: Callable[[Session], Any]) -> int:
    """Does it under the lock, tells on stderr, prints the end on stdout; the exit status."""
    from portkey_migrate import session

    teller = telling.Teller(utc=given_.utc, events=given_.events)
    options = given_.options()
    with session.open(given_.folder, given_.place, options, teller.say) as opened:
        world = opened.world.name
        if words.world(world):
            teller.say({"event": "note", "text": words.world(world)})
        try:
            with stopping.finishing(opened.stop):
                outcome = do(opened)
        except Interrupted as stopped:
            outcome = _stopped(stopped, opened, teller, options, subject)
    teller.end(outcome.lines if given_.output == "table" else ())
    ending = Ending(verb, outcome.subject, outcome.state, outcome.exit, outcome.lines, outcome.error, world)
    show(ending, given_.output)
    if outcome.error is not None:
        from portkey_migrate.report import failures

        sys.stderr.write(failures.screen(outcome.error, paper_of(sys.stderr, os.environ), tz=UTC if given_.utc else None))
    return int(outcome.exit)


def _stopped(error: MigrateError, opened: Session, teller: telling.Teller, options: Options, subject: str | None) -> Any:
    """After Ctrl-C: what is down, and the two ways from here. Inside an outage a person on a terminal is asked which one."""
    typed = words.typed(subject) if subject else ""
    down = teller.progress.down
    if down and subject and options.prompt is not None:
        answer = options.prompt(f"{subject} is down. Go back to K3s now, or stop here and leave it down? [back/stop] ").strip().lower()
        if answer in ("b", "back"):
            opened.moves.stopped.clear()
            return opened.rollback(subject, None)
    if down:
        error.safe = f"{subject or 'An app'} is down until one of the two commands runs. {error.safe}"
    if not error.hint:
        error.hint = f"migrate advance {typed}".strip() + (f"\nmigrate rollback {typed}" if typed else "")
    raise error


def states(place: Path) -> dict[str, str]:
    """Subject → state by the journal; empty before anything has begun."""
    from portkey_migrate.journal.read import load

    snapshot = load(place, page=None)
    return {one.id: one.state for one in snapshot.subjects} if snapshot is not None else {}


def world_in(place: Path) -> str:
    """The world that the journal is of, "" before there is one."""
    from portkey_migrate.journal.read import load

    snapshot = load(place, page=1)
    return snapshot.world if snapshot is not None else ""


def world_of(place: Path) -> str:
    """The world that a look is made in: the journal's, and before there is one the lab's if a lab is named."""
    return world_in(place) or ("lab" if os.environ.get("PORTKEY_MIGRATE_LAB") else "real")
