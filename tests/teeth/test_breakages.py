"""Each guarantee, taken out of the tool: the judge says no, or a check that stands behind it does. So a green verdict means something."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab_traps.test_each_trap_bites import BY_WHOLE_MOVES
from tests.teeth import backups, records, writers
from tests.teeth.stage import Play, Shown, Stage
from tests.teeth.table import NAMES, row
from tests.teeth.tooth import DOWN, Out, Tooth

TEETH = [*writers.TEETH, *backups.TEETH, *records.TEETH]

Whole = Callable[..., Shown]  # (play, traps turned off)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The same play by the whole tool, once for all that are compared with it."""
    seen: dict[tuple[Play, tuple[str, ...]], Shown] = {}

    def played(play: Play, off: tuple[str, ...] = ()) -> Shown:
        if (play, off) not in seen:
            seen[play, off] = play(Stage(tmp_path_factory.mktemp("whole"), off))
        return seen[play, off]

    return played


def lost(shown: Shown) -> bool:
    """Whether anything of people's data was lost or written by two: the whole tool never lets it, whatever the world does."""
    return bool(shown.app["lost_writes"] or shown.app["double_writer_seconds"] or shown.said["crashes"]["double_effects"])


def reasons(shown: Shown) -> set[str]:
    """Why a verdict is not clean, without the figures."""
    return {re.sub(r"\d[\d.:ms ]*", "N ", reason) for reason in shown.said["reasons"]}


def masked(tooth: Tooth, alone: Shown) -> bool:
    """What comes of it while the guards stand: a refusal by name, a verdict that says so, or nothing at all."""
    if tooth.refused_by:
        return tooth.refused_by in alone.refused_by
    return any(tooth.alone in reason for reason in alone.said["reasons"]) if tooth.alone else alone.clean


def test_every_guarantee_has_its_tooth() -> None:
    """Each guarantee that was to be broken is broken once, and no other is."""
    assert sorted(NAMES) == sorted(tooth.name for tooth in TEETH)


def test_every_trap_that_is_shown_by_a_move_has_its_tooth() -> None:
    """The others are shown without the tool, in the lab's own tests."""
    assert sorted(BY_WHOLE_MOVES) == sorted(tooth.trap for tooth in TEETH if tooth.trap)


@pytest.mark.parametrize("tooth", TEETH, ids=lambda tooth: tooth.name.replace(" ", "-"))
def test_what_is_broken_is_seen(tooth: Tooth, whole: Whole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The whole tool keeps the figure where it is; broken alone it is refused by name, or the figure rises; without its guards it rises."""
    before = whole(tooth.play)
    kept = tooth.figure.of(before)
    line = row(tooth.name)
    line.figure, line.unit, line.whole = tooth.figure.name, tooth.figure.unit, kept
    line.refused_by, line.alone, line.guards = tooth.refused_by, tooth.alone, tuple(one.name for one in tooth.guards)
    tooth.out(monkeypatch)
    if tooth.guards:
        alone = tooth.play(Stage(tmp_path / "alone"))
        told = (alone.said["verdict"], alone.said["reasons"], alone.refused_by)
        assert masked(tooth, alone), told
        assert tooth.figure.of(alone) <= kept + tooth.figure.least, alone.said["reasons"]
        for guard in tooth.guards:
            guard.does(monkeypatch)
    broken = tooth.play(Stage(tmp_path / "broken"))
    line.broken, line.verdict, line.says = tooth.figure.of(broken), broken.said["verdict"], tooth.says
    assert not lost(before), before.said["reasons"]
    assert tooth.figure is DOWN or kept == 0
    assert line.broken >= kept + tooth.figure.least, (broken.said["verdict"], broken.said["reasons"], broken.refused_by)
    if tooth.not_clean:
        assert broken.said["verdict"] == "not-clean"
        assert reasons(broken) - reasons(before), broken.said["reasons"]


@pytest.mark.parametrize(
    ("tooth", "needed"),
    [(tooth, guard) for tooth in TEETH for guard in tooth.guards if len(tooth.guards) > 1],
    ids=lambda one: one.name.replace(" ", "-"),
)
def test_each_guard_masks_it(tooth: Tooth, needed: Out, whole: Whole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where several guards are taken out with a breakage, each that is left in keeps the figure where it is: none is named for nothing."""
    tooth.out(monkeypatch)
    for guard in tooth.guards:
        if guard is not needed:
            guard.does(monkeypatch)
    left = tooth.play(Stage(tmp_path))
    assert tooth.figure.of(left) < tooth.figure.of(whole(tooth.play)) + tooth.figure.least, left.said["reasons"]


@pytest.mark.parametrize("tooth", [one for one in TEETH if one.guards], ids=lambda tooth: tooth.name.replace(" ", "-"))
def test_the_guards_alone_are_not_what_is_seen(tooth: Tooth, whole: Whole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the guarantee in its place and only its guards taken out the figure stays: so it is the guarantee that holds it."""
    for guard in tooth.guards:
        guard.does(monkeypatch)
    left = tooth.play(Stage(tmp_path))
    assert tooth.figure.of(left) < tooth.figure.of(whole(tooth.play)) + tooth.figure.least, left.said["reasons"]


@pytest.mark.parametrize("tooth", [one for one in TEETH if one.trap], ids=lambda tooth: tooth.trap)
def test_without_its_trap_it_goes_unseen(tooth: Tooth, whole: Whole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The lab without that behaviour shows nothing of the same breakage: so it is that behaviour that bites."""
    kept = tooth.figure.of(whole(tooth.play, (tooth.trap,)))
    tooth.out(monkeypatch)
    for guard in tooth.guards:
        guard.does(monkeypatch)
    seen = tooth.figure.of(tooth.play(Stage(tmp_path, (tooth.trap,))))
    line = row(tooth.name)
    line.trap, line.unseen = tooth.trap, f"{tooth.figure.name} {seen:g} {tooth.figure.unit}"
    assert seen < kept + tooth.figure.least
