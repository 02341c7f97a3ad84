"""The draw of faults, and the crash points that a copy replays from."""

from __future__ import annotations

import pickle
from pathlib import Path
from random import Random

import pytest

from portkey_migrate.lab import copies, worlds
from portkey_migrate.lab.faults import FAULTS, drawn, parsed
from portkey_migrate.lab.fingerprint import fingerprint
from portkey_migrate.lab.points import Points


def rng(seed: int) -> Random:
    return Random(f"{seed}:faults")  # noqa: S311 (the world's own luck, by its seed)


def test_over_fifty_seeds_every_call_of_a_recipe_and_every_fault_is_drawn() -> None:
    """Each seed breaks at least one changing call; together they break each of sixteen."""
    draws = [drawn(rng(seed), 16) for seed in range(1, 51)]
    assert all(any(one.counts == "mutating" for one in draw) for draw in draws)
    assert {one.nth for draw in draws for one in draw if one.counts == "mutating"} == set(range(1, 17))
    assert {one.kind for draw in draws for one in draw} == set(FAULTS)


def test_the_same_seed_draws_the_same_faults() -> None:
    """A run is repeated by its seed alone."""
    assert drawn(rng(9), 16) == drawn(rng(9), 16)


@pytest.mark.parametrize("text", ["gremlin@1", "conflict", "conflict@x", "conflict@-1", "@3"])
def test_what_is_no_fault_is_refused_with_the_names_that_are(text: str) -> None:
    """KIND@N or KIND@all."""
    with pytest.raises(ValueError, match="late-twin"):
        parsed([text])


def test_a_copied_world_lives_on_as_the_original_does(tmp_path: Path) -> None:
    """Ten minutes later both look the same, and drew the same."""
    one = worlds.make("portkey", 3)
    one.run_until(one.now + 30)
    copies.save(one, None, tmp_path)
    other = copies.load(tmp_path)
    for world in (one, other):
        world.run_until(world.now + 600)
    assert fingerprint(one) == fingerprint(other)
    assert one.rng("latency:pod-start").random() == other.rng("latency:pod-start").random()


def test_a_copy_of_the_world_is_small_and_quick_to_take() -> None:
    """It stays within what a hundred crash points may cost; the size stands for the time, which a busy machine would blur."""
    assert len(pickle.dumps(worlds.make("portkey", 1), pickle.HIGHEST_PROTOCOL)) < 3_000_000


def test_points_are_numbered_and_the_world_is_held_at_the_one_asked_for(tmp_path: Path) -> None:
    """Each recorded point is a copy of its own; at the named one nothing goes on."""
    world = worlds.make("small", 1)
    state = tmp_path / "state"
    state.mkdir()
    (state / "journal.db").write_text("x")
    (state / "journal.db-shm").write_text("index")
    points = Points(world, state)
    points.record_into, points.stop_at = tmp_path / "points", 2
    points.committed()
    assert not points.held
    points.committed()
    assert points.held
    assert [point.n for point in points.seen] == [1, 2]
    copied = tmp_path / "points" / "0002" / "state"
    assert [file.name for file in copied.iterdir()] == ["journal.db"]
