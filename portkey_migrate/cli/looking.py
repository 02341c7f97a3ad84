"""`status` and `report`, by the journal alone: no cluster, no plan, no lock. Imports the standard library's cheap half only."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portkey_migrate.cli import where
from portkey_migrate.report import build, formats, serving
from portkey_migrate.report.paper import paper_of
from portkey_migrate.report.status import Report

#: Every subject of a plan as people have them; of 10,000 the first page, the rest is counted (measured: 12 ms more than a page of 40).
_PAGE = 200


def read(home: str | None, state: str | None, *, utc: bool) -> Report:
    """The journal as a Report; before the first command one that says so."""
    from portkey_migrate.journal.read import load

    place = where.state(state, home)
    snapshot = load(place, page=_PAGE, wanted=serving.WANTED, but=serving.NO_OUTAGE)
    tz = UTC if utc else None
    if snapshot is None:
        return build.nothing_begun(_short(place), tz=tz)
    return build.build(snapshot, place=_short(place), now=_now(snapshot), tz=tz)


def print_status(home: str | None, state: str | None, fmt: str, *, utc: bool = False) -> int:
    """Prints where everything is; exit 0, before anything has begun too."""
    sys.stdout.write(formats.render(read(home, state, utc=utc), fmt, paper_of(sys.stdout, os.environ)))
    return 0


def names_known(home: str | None, state: str | None) -> list[str]:
    """Subjects of the journal's first page, for completion; nothing where there is none, because a tab must not complain."""
    try:
        return read(home, state, utc=True).names()
    except Exception:  # noqa: BLE001 - whatever is wrong, the person gets to know it when the command runs
        return []


def _now(snapshot: Any) -> datetime:
    """Of the journal's world: a rehearsal's clock is the lab's, and the newest time that it wrote down is all that is known of it."""
    return (None if snapshot.world == "real" else build.newest(snapshot)) or datetime.now(UTC)  # noqa: TID251 - an age on a screen decides nothing; the clock's port costs more than all of `status`


def _short(place: Path) -> str:
    """The folder as a person would type it from here."""
    try:
        return f"{place.relative_to(Path.cwd())}/"
    except ValueError:
        return f"{place}/"
