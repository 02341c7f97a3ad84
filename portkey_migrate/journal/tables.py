"""The tables as SQLModel says them, and the triggers that keep written rows written.

Only the making of a new journal comes here: SQLModel costs 1.4 s to import, and its session loses updates under two processes (measured:
273 of 400). Every row is written by constant SQL in `writer.py`; what a row may hold is checked by the database itself (STRICT, CHECK,
foreign keys), so it holds for whoever writes.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import REAL, CheckConstraint, ForeignKeyConstraint, Index, MetaData, Text, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Field, SQLModel

STRICT = {"sqlite_strict": True}


def _json(*columns: str) -> list[CheckConstraint]:
    # NULL is said out loud: json_valid(NULL) is 0 in older SQLites and NULL in newer ones.
    return [CheckConstraint(f"{column} IS NULL OR json_valid({column})", name=f"{column}_is_json") for column in columns]


class Table(SQLModel):
    """One table; all of them share one MetaData of their own."""

    metadata = MetaData()


class Meta(Table, table=True):
    """What the journal says of itself: lineage, world, who made it; and the plan's summary, which screens show."""

    __tablename__: ClassVar[str] = "meta"
    __table_args__ = (STRICT,)

    name: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(sa_type=Text)


class Lock(Table, table=True):
    """Who holds the flock on state/lock, or held it last. One row."""

    __tablename__: ClassVar[str] = "lock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), STRICT)

    id: int = Field(primary_key=True)
    who: str = Field(sa_type=Text)
    host: str = Field(sa_type=Text)
    pid: int
    since: str = Field(sa_type=Text)
    doing: str = Field(sa_type=Text)


class Pins(Table, table=True):
    """Which cluster is the source and which the target, shown once and typed."""

    __tablename__: ClassVar[str] = "pins"
    __table_args__ = (STRICT,)

    role: str = Field(primary_key=True, sa_type=Text)
    uid: str = Field(sa_type=Text)
    ca_sha256: str = Field(sa_type=Text)
    at: str = Field(sa_type=Text)
    who: str = Field(sa_type=Text)


class Subjects(Table, table=True):
    """Everything that has a life of its own, with the state it stands in."""

    __tablename__: ClassVar[str] = "subjects"
    __table_args__ = (
        Index("subjects_in_order", "position"),
        Index("subjects_by_state", "kind", "state"),
        STRICT,
    )

    kind: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(primary_key=True, sa_type=Text)
    state: str = Field(sa_type=Text)
    version: int
    method: str = Field(sa_type=Text)
    phase: str = Field(sa_type=Text)
    position: int
    since: str | None = Field(sa_type=Text)
    gate: str = Field(sa_type=Text)
    soak_until: str | None = Field(sa_type=Text)
    outage: float = Field(sa_type=REAL)


class Transitions(Table, table=True):
    """Guarded moves of one subject, forward or back."""

    __tablename__: ClassVar[str] = "transitions"
    __table_args__ = (
        CheckConstraint("direction IN ('forward', 'back')", name="direction_is_known"),
        CheckConstraint("outcome IN ('done', 'went-back', 'blocked', 'parked')", name="outcome_is_known"),
        CheckConstraint("ended IS NULL OR outcome IN ('done', 'went-back', 'blocked')", name="an_ended_one_says_how"),
        *_json("found"),
        # At most one open a subject: what a command has to finish is never a choice.
        Index("transitions_open", "subject", unique=True, sqlite_where=text("ended IS NULL")),
        Index("transitions_of_subject", "subject", "id"),
        STRICT,
    )

    id: int = Field(primary_key=True)
    subject: str = Field(sa_type=Text)
    leaves: str = Field(sa_type=Text)
    reaches: str = Field(sa_type=Text)
    direction: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    key: str = Field(sa_type=Text, unique=True)
    plan_hash: str = Field(sa_type=Text)
    tool_version: str = Field(sa_type=Text)
    found: str = Field(sa_type=Text)
    begun: str = Field(sa_type=Text)
    of: int | None = Field(foreign_key="transitions.id")
    by_itself: int
    why: str = Field(sa_type=Text)
    ended: str | None = Field(sa_type=Text)
    down_from: str | None = Field(sa_type=Text)
    down_to: str | None = Field(sa_type=Text)
    outcome: str | None = Field(sa_type=Text)
    error: str = Field(sa_type=Text)
    who: str = Field(sa_type=Text)
    version: int  # of the subject when it began; the arrival is guarded by it


class Rows(Table, table=True):
    """The recipe, all of it, from the beginning of its transition."""

    __tablename__: ClassVar[str] = "rows"
    __table_args__ = (
        ForeignKeyConstraint(["undoes_transition", "undoes_n"], ["rows.transition", "rows.n"]),
        CheckConstraint("attempt >= 0", name="attempts_are_counted"),
        CheckConstraint("attempt = 0 OR (change IS NOT NULL AND undo IS NOT NULL AND sent_at IS NOT NULL)", name="no_send_without_its_way_back"),
        *_json("item", "change", "undo", "answer"),
        STRICT,
    )

    transition: int = Field(primary_key=True, foreign_key="transitions.id")
    n: int = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    item: str = Field(sa_type=Text)
    change: str | None = Field(sa_type=Text)
    undo: str | None = Field(sa_type=Text)
    undoes_transition: int | None
    undoes_n: int | None
    attempt: int
    sent_at: str | None = Field(sa_type=Text)
    sent_under: str = Field(sa_type=Text)
    reply: str = Field(sa_type=Text)
    doubt_until: str | None = Field(sa_type=Text)
    answer: str | None = Field(sa_type=Text)
    done_at: str | None = Field(sa_type=Text)


class Answers(Table, table=True):
    """What the guards answered, whether or not a transition began."""

    __tablename__: ClassVar[str] = "answers"
    __table_args__ = (*_json("answer", "data"), Index("answers_of_transition", "transition"), Index("answers_of_subject", "subject", "id"), STRICT)

    id: int = Field(primary_key=True)
    transition: int | None = Field(foreign_key="transitions.id")
    subject: str = Field(sa_type=Text)
    check: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    answer: str = Field(sa_type=Text)
    cluster_uid: str = Field(sa_type=Text)
    at: str = Field(sa_type=Text)
    data: str = Field(sa_type=Text)


def _never(trigger: str, event: str, table: str, says: str, when: str = "") -> str:
    return f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} {f'WHEN {when} ' if when else ''}BEGIN SELECT RAISE(ABORT, '{says}'); END"


def _moved(*columns: str) -> str:
    return " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in columns)


def _rewritten(*columns: str) -> str:
    return " OR ".join(f'(OLD."{column}" IS NOT NULL AND NEW."{column}" IS NOT OLD."{column}")' for column in columns)


TRIGGERS = (
    *(_never(f"{t}_stay", "DELETE", t, f"{t} are never deleted") for t in ("meta", "pins", "subjects", "transitions", "rows", "answers")),
    _never("meta_identity", "UPDATE", "meta", "a journal keeps its lineage and its world", "OLD.name IN ('lineage', 'world', 'made', 'key')"),
    _never("pins_once", "UPDATE", "pins", "a pin is made once"),
    _never("answers_once", "UPDATE", "answers", "an answer is written once"),
    _never("subjects_guarded", "UPDATE", "subjects", "a new state is a new version", "NEW.state IS NOT OLD.state AND NEW.version <> OLD.version + 1"),
    _never(
        "transitions_once",
        "UPDATE",
        "transitions",
        "how a transition began and how it ended is written once",
        _moved("id", "subject", "leaves", "reaches", "direction", "method", "key", "plan_hash", "found", "begun", "of", "by_itself", "who", "version")
        + " OR "
        + _rewritten("ended"),
    ),
    # Observe once (design §4.2): a second look would record the zero that the tool wrote itself.
    _never(
        "rows_once",
        "UPDATE",
        "rows",
        "change and undo are written once",
        _moved("transition", "n", "name", "item", "undoes_transition", "undoes_n") + " OR " + _rewritten("change", "undo"),
    ),
    _never("rows_attempts", "UPDATE", "rows", "attempts are counted one by one", "NEW.attempt NOT IN (OLD.attempt, OLD.attempt + 1)"),
)


def schema() -> list[str]:
    """Every statement that makes an empty journal, in order."""
    dialect = sqlite.dialect()
    tables = Table.metadata.sorted_tables
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
    made += [str(CreateIndex(index).compile(dialect=dialect)) for table in tables for index in sorted(table.indexes, key=lambda i: str(i.name))]
    return [*made, *TRIGGERS]
