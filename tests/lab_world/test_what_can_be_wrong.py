"""Situations, traps and people: found by being there, each with its words."""

from __future__ import annotations

from typing import Any

import pytest

from portkey_migrate import checks
from portkey_migrate.lab import situations, traps, worlds
from portkey_migrate.lab.fingerprint import normal
from portkey_migrate.lab.people import People
from portkey_migrate.lab.verdict import users

Hand = Any


def test_every_check_has_its_situation() -> None:
    """One that has none fails the suite (lab.md 20a)."""
    assert {check.id: check.situation for check in checks.registry().values() if check.situation not in situations.registry()} == {}


def test_every_situation_has_its_check() -> None:
    """Nothing can be asked for that nothing would notice, but for what a move gets through or comes back from by itself."""
    refusing = {name for name, one in situations.registry().items() if not one.passes}
    assert refusing <= {check.situation for check in checks.registry().values()}


@pytest.mark.parametrize("world_name", ["portkey", "small"])
@pytest.mark.parametrize("name", [name for name, one in situations.registry().items() if one.when == "before"])
def test_a_situation_of_the_beginning_is_noticed_by_nobody(name: str, world_name: str) -> None:
    """People are served by the source before and after it, and figures count from the first command."""
    world = worlds.make(world_name, 3)
    situations.apply(world, name)
    assert {one["serves"] for one in users(world).values()} == {"source"}
    assert all(world.parts["town"].users.outages(app, world.started, world.now) == [] for app in users(world))


@pytest.mark.parametrize("name", ["secret-missing", "namespace-taken", "hold-not-tolerated", "ingress-shared", "target-not-held"])
def test_a_situation_changes_what_it_says(name: str) -> None:
    """The clusters differ afterwards."""
    world = worlds.make("portkey", 3)
    before = normal(world)
    situations.apply(world, name, "speedtest")
    assert normal(world) != before


@pytest.mark.parametrize("trap", traps.registry().values(), ids=traps.names())
def test_every_trap_says_what_happens_and_how_that_is_known(trap: traps.Trap) -> None:
    """How it is known stands beside it; and it bites until it is turned off."""
    assert trap.facts
    assert trap.says.endswith(".")
    world = worlds.make("small", 1)
    assert trap.bites(world)
    world.traps.discard(trap.name)
    assert not trap.bites(world)


def test_people_approve_and_type_unless_their_policy_says_otherwise() -> None:
    """Everything asked is kept, with what was said."""
    willing, unwilling = People(), People(approves=False, types=False)
    assert (willing.answer("Go?", "agrees"), willing.answer("Type it", "types", "portkey"), willing.answer("Light on?", "tells")) == (
        True,
        True,
        "yes",
    )
    assert (unwilling.answer("Go?", "agrees"), unwilling.answer("Type it", "types", "x"), unwilling.answer("Light?", "tells")) == (False, False, None)
    assert unwilling.asked[0] == ("Go?", "", False)
    assert People(tells={"light": "no, it blinks"}).answer("Is the light on?", "tells") == "no, it blinks"
