"""Where the migration is: the home that holds phases/, and the state beside it. An option wins over the environment."""

from __future__ import annotations

import os
from pathlib import Path

from portkey_migrate.errors import NoPlan


def home(named: str | None) -> Path:
    """The nearest folder, from here upwards, that holds phases/; or the one named. `NoPlan` says where it looked."""
    named = named or os.environ.get("PORTKEY_MIGRATE_HOME")
    start = Path(named).expanduser() if named else Path.cwd()
    for folder in [start] if named else [start, *start.parents]:
        if (folder / "phases").is_dir():
            return folder.absolute()
    looked = str(start) if named else f"{start} and every folder above it"
    raise NoPlan("there is no plan: no folder phases/ was found", why=f"looked in {looked}", hint="migrate -C DIR status")


def state(named: str | None, home_named: str | None) -> Path:
    """The folder of the journal: named, or from the environment, or `state/` beside phases/. It need not exist; nothing is made here."""
    named = named or os.environ.get("PORTKEY_MIGRATE_STATE")
    return Path(named).expanduser().absolute() if named else home(home_named) / "state"
