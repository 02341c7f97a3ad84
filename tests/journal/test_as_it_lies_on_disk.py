"""What is journaled comes back as it was, whatever the values are; the same values give the same bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portkey_migrate.journal import columns, rows, shown, stored
from portkey_migrate.journal.tables import schema
from portkey_migrate.model import Answer, Change, Ref, ok

WORDS = st.text(max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(WORDS, inside, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(WORDS, VALUES, max_size=4)
REFS = st.builds(Ref, WORDS, WORDS, WORDS, WORDS)
CHANGES = st.builds(Change, REFS, st.none() | FIELDS, st.none() | FIELDS, FIELDS)
ANSWERS = st.builds(Answer, st.sampled_from(["ok", "warn", "block", "skip", "unknown", "not-yet"]), FIELDS, WORDS, WORDS, st.none() | REFS, WORDS)


@given(CHANGES)
def test_a_change_comes_back_as_it_was(change: Change) -> None:
    """None, an empty object and an absent one are three different things."""
    assert change == stored.change_from(stored.change_text(change))


@given(st.lists(CHANGES, max_size=3))
def test_an_undo_comes_back_as_it_was(undo: list[Change]) -> None:
    """In its order, however many changes it is."""
    assert tuple(undo) == stored.undo_from(stored.undo_text(undo))


@given(ANSWERS)
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    """Evidence is data, too."""
    assert answer == stored.answer_from(stored.answer_text(answer))


@given(FIELDS)
def test_the_same_fields_are_the_same_bytes(fields: Mapping[str, Any]) -> None:
    """In whatever order they were put together: a seed gives one journal."""
    assert stored.text(fields) == stored.text(dict(reversed(list(fields.items()))))


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_times_sort_as_their_text(one: datetime, other: datetime) -> None:
    """An index over text is an index over time."""
    assert one == columns.moment(columns.when(one))
    assert (one < other) == (str(columns.when(one)) < str(columns.when(other)))


def test_a_time_of_another_zone_is_kept_as_utc() -> None:
    """The laptop travels."""
    there = datetime(2026, 11, 24, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert columns.when(there) == "2026-11-24T12:00:00.000000+00:00"


@pytest.mark.parametrize("value", [datetime(2026, 11, 24, tzinfo=UTC), frozenset({"b", "a"}), ("a", 1)])
def test_evidence_may_hold_times_and_sets(value: object) -> None:
    """They come back as JSON has them: text, and sorted lists."""
    assert stored.answer_from(stored.answer_text(ok(value=value))) is not None


@pytest.mark.parametrize("value", [float("nan"), object(), b"bytes"])
def test_what_json_cannot_say_is_an_error(value: object) -> None:
    """Never a default: a row that reads otherwise than it was written decides a replay wrongly."""
    with pytest.raises((TypeError, ValueError)):
        stored.text({"value": value})


def test_the_schema_is_strict_and_its_columns_are_the_readers() -> None:
    """Every column that rows are read by is in the tables, and every table refuses what is no such type."""
    db = sqlite3.connect(":memory:")
    for statement in schema():
        db.execute(statement)
    tables = {name: strict for _, name, kind, _, _, strict in db.execute("PRAGMA table_list") if kind == "table" and not name.startswith("sqlite_")}
    assert {"meta", "lock", "pins", "subjects", "transitions", "rows", "answers"} == set(tables)
    assert {1} == set(tables.values())
    reads = {"pins": columns.PIN, "subjects": columns.SUBJECT, "transitions": columns.TRANSITION, "rows": columns.ROW, "answers": columns.ASKED}
    for table, names in reads.items():
        assert db.execute(f"SELECT {names} FROM {table}").fetchall() == []  # noqa: S608 - constants of ours
    db.close()


@pytest.mark.parametrize("name", ["Subject", "Transition", "Row", "Asked", "Pin"])
def test_a_screen_reads_the_names_that_the_engine_writes(name: str) -> None:
    """Two classes for one row, because dataclasses cost `status` more than SQLite does: the fields are the same, in one order."""
    written = [field.name for field in fields(getattr(rows, name))]
    shown_too = list(getattr(shown, name).__annotations__)
    assert sorted(written) == sorted(shown_too)
    columns_read = {"Subject": columns.SUBJECT, "Transition": columns.TRANSITION, "Asked": columns.ASKED, "Pin": columns.PIN}
    if name in columns_read:
        assert [column.strip(' "') for column in columns_read[name].split(",")] == shown_too
