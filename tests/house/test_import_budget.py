"""What the quick commands may import, by name: a person who types `status` while something is down does not wait for a client library.

Names do not depend on how busy a machine is; `benchmarks/cold_start.py` has the times.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.journals import make

PROBE = """
import json, sys
before = set(sys.modules)
sys.argv = ["migrate", *json.loads(sys.argv[1])]
from portkey_migrate.cli import main
try:
    status = main()
except SystemExit as ended:
    status = ended.code
print("\\n" + json.dumps([status or 0, sorted(set(sys.modules) - before)]))
"""

#: Each costs more than a tenth of what `status` may take, or pulls in something that does.
HEAVY = frozenset(
    {
        "asyncio", "concurrent", "email", "http", "importlib.metadata", "kubernetes", "logging", "multiprocessing", "pydantic", "requests", "rich",
        "sqlalchemy", "sqlmodel", "ssl", "structlog", "subprocess", "transitions", "unittest", "urllib.request", "urllib3", "yaml",
    }
)  # fmt: skip
ROOMS = {
    "--help": {"cli", "errors"},
    "--version": {"cli", "errors"},
    "status": {"cli", "errors", "journal", "model", "report"},
    "completion": {"cli", "errors"},
}
JOURNAL = {"commit": False, "tables": False, "writer": False, "read": True}  # of the journal's files: which a reader may import


def imported(words: list[str], where: Path, **env: str) -> set[str]:
    """The modules that a command imports, in a process of its own; it must end with 0."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(words)],
        cwd=where,
        env={"PATH": "/usr/bin:/bin", "HOME": str(where), "PYTHONPATH": str(Path(__file__).parents[2]), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stderr == ""
    status, modules = json.loads(ran.stdout.splitlines()[-1])
    assert status == 0
    return set(modules)


def heavy(modules: set[str]) -> set[str]:
    return {name for name in modules if any(name == one or name.startswith(one + ".") for one in HEAVY)}


def rooms(modules: set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("portkey_migrate.")}


def strangers(modules: set[str]) -> set[str]:
    """Third-party libraries."""
    return {name.split(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"portkey_migrate"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "phases").mkdir()
    return tmp_path


@pytest.mark.world("subprocess")
@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_imports_the_command_line_alone(home: Path, words: list[str]) -> None:
    """The first page needs no library at all, click included."""
    modules = imported(words, home)
    assert (heavy(modules), strangers(modules)) == (set(), set())
    assert rooms(modules) <= ROOMS[words[0]]


@pytest.mark.world("subprocess")
@pytest.mark.parametrize("moved", [False, True])
def test_status_reads_the_journal_with_sqlite3_alone(home: Path, moved: bool) -> None:  # noqa: FBT001 - parametrised
    """With a journal and before there is one."""
    if moved:
        make(home / "state", 3)
    modules = imported(["status"], home)
    assert (heavy(modules), strangers(modules)) == (set(), set())
    assert rooms(modules) <= ROOMS["status"]
    assert {name.split(".")[2] for name in modules if name.startswith("portkey_migrate.journal.")} & {
        k for k, may in JOURNAL.items() if not may
    } == set()


@pytest.mark.world("subprocess")
def test_completion_of_a_verb_imports_click_and_no_verb(home: Path) -> None:
    """A tab press answers from the static table."""
    modules = imported([], home, _MIGRATE_COMPLETE="bash_complete", COMP_WORDS="migrate adv", COMP_CWORD="1")
    assert heavy(modules) == set()
    assert strangers(modules) == {"click"}
    assert rooms(modules) <= ROOMS["completion"]
    assert not [name for name in modules if name.startswith("portkey_migrate.cli.verbs.")]
