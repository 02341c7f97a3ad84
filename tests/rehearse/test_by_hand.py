"""The lab by hand: up in the background, every verb on it, Ctrl-C in the middle, down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portkey_migrate.errors import Unreachable, Usage
from portkey_migrate.rehearse import byhand, processes

pytestmark = [pytest.mark.world("subprocess"), pytest.mark.world("fork")]
PINNED = ("--confirm", "portkey", "-y", "--no-input")


@pytest.fixture
def shell(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with the shipped plan and a lab that is up; its two variables are exported."""
    (tmp_path / "phases").symlink_to(home / "phases")
    exports = byhand.up(world="portkey", seed=5, folder=tmp_path)
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PORTKEY_MIGRATE_HOME", str(tmp_path))
    processes.warm()
    yield tmp_path
    byhand.down()


def types(shell: Path, *argv: str) -> processes.Ran:
    state = shell / "state" / "lab" / "portkey-5"
    return processes.start(argv, shell, state, _socket(), into=shell / "said").wait()


def _socket() -> str:
    import os

    return os.environ["PORTKEY_MIGRATE_LAB"]


def test_a_person_moves_an_app_sees_what_people_see_and_asks_for_the_verdict(shell: Path) -> None:
    """Up, wait, advance twice, users, verdict."""
    assert byhand.wait(120).startswith("It is Sat 2026-01-10 13:3")
    ran = types(shell, "advance", "app", "speedtest", *PINNED)
    assert (ran.code, ran.err) == (0, ran.err)
    assert types(shell, "advance", "app", "speedtest", "-y", "--no-input").code == 0
    assert any(line.startswith("speedtest") and "Talos" in line for line in byhand.users())
    assert byhand.verdict()["verdict"] == "clean"


def test_a_person_who_cannot_be_asked_changes_nothing(shell: Path) -> None:
    """No terminal and no --confirm: exit 2 at the pin."""
    assert types(shell, "advance", "app", "speedtest", "--no-input").code == 2


def test_what_a_person_breaks_bites_the_next_command(shell: Path) -> None:
    """A situation by name: refused, exit 3."""
    assert "target-ingress-down" in byhand.break_("target-ingress-down")
    ran = types(shell, "advance", "app", "speedtest", *PINNED)
    assert ran.code == 3
    assert "target-ingress-answers" in ran.err


def test_a_fault_by_number_is_told_in_words_and_an_unknown_one_refused(shell: Path) -> None:
    """KIND@N counts from now."""
    assert byhand.break_("reply-lost@2") == "reply-lost hits the 2nd changing call from now"
    with pytest.raises(Usage):
        byhand.break_("gremlin")
    assert shell.exists()


def test_without_a_lab_the_words_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not exported: usage. Gone: cannot be reached."""
    monkeypatch.delenv("PORTKEY_MIGRATE_LAB", raising=False)
    with pytest.raises(Usage):
        byhand.wait(1)
    monkeypatch.setenv("PORTKEY_MIGRATE_LAB", str(tmp_path / "lab.sock"))
    with pytest.raises(Unreachable):
        byhand.wait(1)
