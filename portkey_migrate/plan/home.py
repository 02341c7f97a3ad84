"""Where a migration is, and which files are its plan. Standard library only: read paths use it."""

from __future__ import annotations

import re
from pathlib import Path

from portkey_migrate.errors import NoPlan

PHASE_FILE = re.compile(r"(?P<name>(?P<number>\d+)-[a-z0-9]+(?:-[a-z0-9]+)*)\.yaml")
SHARED = ("migration.yaml", "apps.yaml")


def find_home(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds `phases/`."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / "phases").is_dir():
            return folder
    raise NoPlan("there is no plan here", why=f"looked for a folder phases/ in {start} and in every folder above it", hint="migrate -C DIR lint")


def phase_files(phases: Path) -> list[Path]:
    """The files of the phases in their order: by number, as a person counts (10 after 9)."""
    found = [(int(match["number"]), match["name"], path) for path in phases.iterdir() if (match := PHASE_FILE.fullmatch(path.name))]
    return [path for _, _, path in sorted(found)]


def strangers(phases: Path) -> list[Path]:
    """YAML files that are no part of a plan. A phase that was meant and is not read would be skipped in silence."""
    return sorted(
        path for path in phases.iterdir() if path.suffix in (".yaml", ".yml") and path.name not in SHARED and not PHASE_FILE.fullmatch(path.name)
    )
