"""A copy of the world is a pickle and the journal's folder beside it: two things that replay alone, any number of times (lab.md 12)."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

from portkey_migrate.lab.world import World

_WORLD, _STATE = "world.pickle", "state"


def save(world: World, state: Path | None, into: Path) -> None:
    """Taken while every actor is parked. The `-wal` goes with the journal; the `-shm` is only an index of it and is made anew."""
    into.mkdir(parents=True, exist_ok=True)
    (into / _WORLD).write_bytes(pickle.dumps(world, pickle.HIGHEST_PROTOCOL))
    if state is not None and state.exists():
        shutil.copytree(state, into / _STATE, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*-shm", "*.sock"))


def load(copy: Path) -> World:
    world: World = pickle.loads((copy / _WORLD).read_bytes())  # noqa: S301 (our own copy, from this machine's state folder)
    return world


def unpack_state(copy: Path, into: Path) -> None:
    """The journal's folder of a copy, in a place of its own."""
    if (copy / _STATE).exists():
        shutil.copytree(copy / _STATE, into, dirs_exist_ok=True)
