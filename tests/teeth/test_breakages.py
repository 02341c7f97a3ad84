"""Each guarantee, taken out of the tool: the judge says no, or a check that stands behind it does. So a green verdict means something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.teeth import writers
from tests.teeth.stage import Play, Shown, Stage
from tests.teeth.table import row
from tests.teeth.tooth import Tooth

TEETH = [*writers.TEETH]

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


@pytest.mark.parametrize("tooth", TEETH, ids=lambda tooth: tooth.name.replace(" ", "-"))
def test_what_is_broken_is_seen(tooth: Tooth, whole: Whole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The whole tool keeps the figure where it is; broken alone it is refused by name, or the figure rises; without its guards it rises."""
    before = whole(tooth.play)
    kept = tooth.figure.of(before)
    line = row(tooth.name)
    line.figure, line.unit, line.whole = tooth.figure.name, tooth.figure.unit, kept
    line.refused_by, line.guards = tooth.refused_by, tuple(one.name for one in tooth.guards)
    tooth.out(monkeypatch)
    if tooth.guards:
        alone = tooth.play(Stage(tmp_path / "alone"))
        assert tooth.refused_by in alone.refused_by, (alone.said["verdict"], alone.said["reasons"], alone.refused_by)
        assert tooth.figure.of(alone) <= kept + tooth.figure.least, alone.said["reasons"]
        for guard in tooth.guards:
            guard.does(monkeypatch)
    broken = tooth.play(Stage(tmp_path / "broken"))
    line.broken = tooth.figure.of(broken)
    assert line.broken >= kept + tooth.figure.least, (broken.said["verdict"], broken.said["reasons"], broken.refused_by)
    assert not (tooth.not_clean and broken.clean)


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
