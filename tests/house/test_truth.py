"""docs/truth.md: every part of the lab says how it is known, what is named as proof exists, and the page is what the declarations say."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from portkey_migrate.lab import truth_page
from portkey_migrate.lab.truth import KINDS, Fact, assumed, documented, measured, read

FACTS = [(part, fact) for part in truth_page.parts() for fact in part.facts]
HELD = sorted({fact.where for _, fact in FACTS if fact.known == "held"})
#: One thing more of each sort that nobody knows anything about: a file, what is replaced in it, and by what.
UNKNOWN = {
    "Traps: tide-comes-in": (
        "traps/tide.py",
        "",
        'from portkey_migrate.lab.traps import Trap\n\nTRAP = Trap("tide-comes-in", says="What stands too near is wet.", facts=())\n',
    ),
    "Faults: moon-falls": (
        "faults.py",
        "@fault\nclass Conflict(Fault):",
        '@fault\nclass MoonFalls(Fault):\n    name = "moon-falls"\n\n\n@fault\nclass Conflict(Fault):',
    ),
    "Latencies: moonrise 1-2 s": ("latency.py", '    "fetch": ', '    "moonrise": Range(1.0, 2.0),\n    "fetch": '),
    "Controllers: moon": ("controllers/moon.py", "", '"""The moon keeps its side to us."""\n'),
    "Argo CD: moon": ("argocd/moon.py", "", '"""The moon is synced."""\n'),
    "Kubernetes API: moon": ("api/moon.py", "", '"""GET /moon."""\n'),
}


def test_the_page_is_what_the_declarations_say(repo: Path) -> None:
    """Made anew by `python -m portkey_migrate.lab.truth_page > docs/truth.md`."""
    assert (repo / "docs" / "truth.md").read_text(encoding="utf-8") == truth_page.page()


def test_every_part_says_how_it_is_known() -> None:
    """And what claims nothing is there, and says why."""
    assert truth_page.undeclared() == []
    there = {f"{folder.rpartition('.')[2]}.{name}" for folder, name in _modules()}
    assert set(truth_page.SILENT) <= there


def _modules() -> list[tuple[str, str]]:
    root = Path(truth_page.__file__).parent
    return [(file.parent.name, file.stem) for file in root.glob("*/*.py")]


@pytest.mark.parametrize("where", HELD)
def test_what_holds_a_behaviour_exists(where: str, repo: Path) -> None:
    """A test of that name in that file, or a script that the real server is asked as well; both under tests/contract or tests/real."""
    name, _, function = where.partition("::")
    file = repo / name
    assert file.relative_to(repo).parts[:2] in {("tests", "contract"), ("tests", "real")}
    assert file.is_file()
    if file.suffix == ".py":
        assert function in {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}
    else:
        assert file.suffix == ".yaml"
        assert not function


def test_a_reader_sees_it_in_two_minutes() -> None:
    """The counts come first, no row is long, and nothing on the page is known here alone."""
    lines = truth_page.page().splitlines()
    assert all(any(f"**{kind}**" in line for line in lines[:14]) for kind in KINDS)
    assert max(map(len, lines)) <= 220
    assert [line for line in lines if any(mark in line for mark in ("lab.md", "domain ", "real/README", "design §"))] == []


def test_no_fact_is_said_twice_of_one_part() -> None:
    """A count is a count of behaviours."""
    said = [(part.area, part.name, fact.says) for part, fact in FACTS]
    assert len(said) == len(set(said))


@pytest.mark.parametrize(
    ("make", "args"),
    [
        (Fact, ("it rains", "assumed", "nobody looked")),  # which way?
        (Fact, ("it rains", "read", "volsync main.go:1", "kinder")),  # what is read does not err
        (assumed, ("it rains", "", "either")),
        (assumed, ("it rains", "nobody looked", "somehow")),
        (read, ("it rains", "a file somewhere")),
        (measured, ("it rains", "n=5")),
        (documented, ("it rains", "the manual")),
        (Fact, ("it rains", "known", "everybody says so")),
    ],
)
def test_a_fact_that_does_not_say_how_is_refused(make: object, args: tuple[str, ...]) -> None:
    """Wherever it is declared: the module cannot be imported."""
    assert callable(make)
    with pytest.raises(ValueError, match="it rains"):
        make(*args)


@pytest.mark.world("subprocess")
def test_whatever_is_new_and_says_nothing_stops_the_page(repo: Path, tmp_path: Path) -> None:
    """A trap, a fault, a range, a controller, a part of Argo CD and of the API, each without a fact: named, and no page."""
    shutil.copytree(repo / "portkey_migrate", tmp_path / "portkey_migrate", ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in UNKNOWN.values():
        file = tmp_path / "portkey_migrate" / "lab" / name
        text = file.read_text() if old else ""
        assert not old or text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
        file.write_text(text.replace(old, new) if old else new)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-m", "portkey_migrate.lab.truth_page"]
    ran = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert {line.strip() for line in ran.stderr.splitlines()[1:]} == set(UNKNOWN)
