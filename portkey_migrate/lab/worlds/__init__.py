"""Worlds, each a file of its own, written from the facts of a cluster and never from a plan (lab.md 14a)."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from portkey_migrate.lab.store import merged
from portkey_migrate.lab.world import World
from portkey_migrate.lab.worlds.furnish import furnished


def names() -> list[str]:
    return sorted(one.name.removesuffix(".yaml") for one in resources.files(__name__).iterdir() if one.name.endswith(".yaml"))


@cache
def facts(name_or_file: str) -> dict[str, Any]:
    """A world's file, `like` another one laid under it. Do not change what you get. Raises `KeyError` for a world that is not there."""
    path = Path(name_or_file)
    if name_or_file in names():
        text = (resources.files(__name__) / f"{name_or_file}.yaml").read_text()
    elif path.suffix in (".yaml", ".yml") and path.is_file():
        text = path.read_text()
    else:
        raise KeyError(f"no world is named {name_or_file}; there are {', '.join(names())}, or a file")
    said: dict[str, Any] = yaml.safe_load(text)
    below = said.pop("like", None)
    return dict(merged(facts(below), said)) if below else said


def make(name_or_file: str, seed: int) -> World:
    """A world that has lived a little: everything of its file stands, runs and serves, and nothing of that is in the ledger."""
    said = facts(name_or_file)
    return furnished(said, seed)
