"""The house keeps its promise: an addition touches the files of its row and is found everywhere without another edit.

Each row is added to a copy of the tree, and then looked for where people look: the linter, the generated pages, the plan, the tests. The
table in docs/architecture.md says the same for people.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOMS = ("portkey_migrate", "phases", "tests", "docs", "benchmarks", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Edit:
    """A new file (`old` empty), or one replacement in a file that is there."""

    file: str
    new: str
    old: str = ""


@dataclass(frozen=True)
class Seen:
    """A command, and what it prints once the addition is there; before, it does not."""

    argv: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Row:
    edits: tuple[Edit, ...]
    seen: tuple[Seen, ...]

    @property
    def files(self) -> set[str]:
        return {edit.file for edit in self.edits}


COLLECT = ("-m", "pytest", "--collect-only", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
#: The plan of a stateless app as the recipe gives it, step by step; no cluster is asked.
STEPS = """
from portkey_migrate import recipes
from portkey_migrate.model import App, Found, Member
app = App("speedtest", "stateless", ("speedtest",), 0.0, 0.0)
members = (Member("Deployment", "speedtest", 1),)
found = Found("speedtest", "speedtest", members, "speedtest", "h", "/", "speedtest", 80, "t", (), "192.0.2.1", "192.0.2.2")
for state, items in recipes.methods()["stateless"].forward(app, found).items():
    for item in items:
        print(state, item.name)
"""
PLAN = """
from pathlib import Path
from portkey_migrate import session
plan = session.load_plan(Path())
for name, app in plan.apps.items():
    print(f"app/{name}", app.method, plan.phase_of(f"app/{name}"))
"""
RUN = "import sys; from portkey_migrate.cli import main; sys.exit(main(sys.argv[1:]))"

CHECK = '''"""Whether the moon is up."""

from __future__ import annotations

from portkey_migrate.checks import check
from portkey_migrate.model import Answer, ok
from portkey_migrate.systems.at import At


@check(guards=("prepared",), situation="moon-is-down", sources="domain B03")
def moon_is_up(at: At) -> Answer:
    """The moon is up."""
    return ok("seen", cluster="both")
'''
SITUATION = '''"""The moon is down."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, app: str) -> None:
    """Nothing to do: it went by itself."""


SITUATION = Situation("moon-is-down", "The moon is down.", apply)
'''
STEP = '''"""A flag that says who moved here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portkey_migrate.model import Fields, Ref, Seen
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At


@dataclass(frozen=True)
class PlantFlag(Step):
    """Puts a flag on the moon."""

    kind: ClassVar[str] = "plant-flag"
    namespace: str

    @property
    def name(self) -> str:
        return f"plant-flag:target/{self.namespace}"

    def ref(self, at: At) -> Ref:
        return Ref("target", "ConfigMap", self.namespace, "pm-flag")

    def wants(self, seen: Seen, at: At) -> Fields:
        return {"data.flag": "up"}
'''
FORMAT = '''"""Names with a moon before each."""

from __future__ import annotations

from portkey_migrate.report.pages import Page
from portkey_migrate.report.paper import Paper


def render(page: Page, paper: Paper) -> str:
    return "the moon rises"
'''
TRAP = '''"""Tides move what stands too near the water."""

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed

TRAP = Trap("tide-comes-in", says="What stands too near is wet.", facts=(assumed("the sea rises", "nobody stood there", "either"),))
'''

ROWS: dict[str, Row] = {
    "a check": Row(
        (Edit("portkey_migrate/checks/moon.py", CHECK), Edit("portkey_migrate/lab/situations/moon_is_down.py", SITUATION)),
        (
            Seen(("-m", "portkey_migrate.checks.page"), "| `moon-is-up` | The moon is up."),
            Seen((*COLLECT, "tests/checks", "tests/house/test_registries.py"), "test_a_check_has_its_situation_in_the_lab[moon-is-up]"),
            Seen(("-c", "from portkey_migrate.checks import guards_of; print([c.id for c in guards_of('prepared', 'stateless')])"), "'moon-is-up'"),
            Seen(("-c", "from portkey_migrate.lab import situations; print(situations.names())"), "'moon-is-down'"),
        ),
    ),
    "a step": Row(
        (
            Edit("portkey_migrate/steps/flag.py", STEP),
            Edit(
                "portkey_migrate/recipes/stateless.py",
                "from portkey_migrate.steps.fence import Fence\nfrom portkey_migrate.steps.flag import PlantFlag\n",
                old="from portkey_migrate.steps.fence import Fence\n",
            ),
            Edit(
                "portkey_migrate/recipes/stateless.py",
                "            MakeNamespace(ns),\n            PlantFlag(ns),\n",
                old="            MakeNamespace(ns),\n",
            ),
        ),
        (
            Seen(("-c", STEPS), "prepared plant-flag:target/speedtest"),
            Seen((*COLLECT, "tests/house/test_registries.py"), "test_a_step_is_data[plant-flag]"),
        ),
    ),
    "an app": Row(
        (
            Edit("phases/apps.yaml", "  moonbase:\n    method: stateless\n  speedtest:\n", old="  speedtest:\n"),
            Edit("phases/2-platform-and-first-apps.yaml", "{ app: moonbase }, { app: speedtest }", old="{ app: speedtest }"),
        ),
        (
            Seen(("-c", PLAN), "app/moonbase stateless 2-platform-and-first-apps"),
            Seen(("-c", RUN, "graph", "app", "moonbase"), "stateDiagram-v2"),
        ),
    ),
    "a report format": Row(
        (Edit("portkey_migrate/report/formats/moon.py", FORMAT),),
        (
            Seen(("-c", RUN, "status", "--state", "none", "-o", "moon"), "the moon rises"),
            Seen(("-m", "portkey_migrate.cli.page"), ", moon,"),
            Seen((*COLLECT, "tests/house/test_registries.py"), "test_a_format_renders_the_page_before_anything_has_begun[moon]"),
        ),
    ),
    "an error": Row(
        (
            Edit(
                "portkey_migrate/errors.py",
                'class NotClean(MigrateError):\n    code, exit = "PKM-1101", 11\n\n\nclass TooFar(MigrateError):\n    code, exit = "PKM-1201", 1\n',
                old='class NotClean(MigrateError):\n    code, exit = "PKM-1101", 11\n',
            ),
            Edit("portkey_migrate/errors.py", "\n      TooFar                         1   the moon\n", old="\n      NotClean "),
        ),
        (Seen((*COLLECT, "tests/house/test_registries.py"), "[TooFar]"),),
    ),
    "a lab trap": Row(
        (Edit("portkey_migrate/lab/traps/tide.py", TRAP),),
        (
            Seen((*COLLECT, "tests/house/test_registries.py"), "test_a_trap_says_how_it_is_known[tide-comes-in]"),
            Seen(("-c", "from portkey_migrate.lab import traps; print(traps.names())"), "'tide-comes-in'"),
            Seen(("-m", "portkey_migrate.lab.truth_page"), "| `tide-comes-in` | the sea rises |"),
        ),
    ),
}


@pytest.fixture
def tree(repo: Path, tmp_path: Path) -> Path:
    """The project as it stands, without what git does not hold."""
    for name in ROOMS:
        source = repo / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        elif source.exists():
            shutil.copy(source, tmp_path / name)
    return tmp_path


def make(tree: Path, edit: Edit) -> None:
    file = tree / edit.file
    if not edit.old:
        assert not file.exists()
        file.write_text(edit.new)
        return
    text = file.read_text()
    assert text.count(edit.old) == 1, f"{edit.file} holds {edit.old!r} {text.count(edit.old)} times"
    file.write_text(text.replace(edit.old, edit.new))


def said(tree: Path, seen: Seen) -> str:
    """What a command prints in the copy; the copy's package goes before the installed one."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tree), "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run([sys.executable, *seen.argv], cwd=tree, env=env, capture_output=True, text=True, timeout=90, check=False)
    return ran.stdout + ran.stderr


@pytest.mark.world("subprocess")
@pytest.mark.parametrize("what", sorted(ROWS))
def test_an_addition_touches_two_files_at_most_and_is_found_everywhere(tree: Path, what: str) -> None:
    """Absent before, there after, with no other edit; the import contracts and the linter have nothing to say to it."""
    row = ROWS[what]
    assert len(row.files) <= 2
    before = [seen for seen in row.seen if seen.says in said(tree, seen)]
    for edit in row.edits:
        make(tree, edit)
    after = {" ".join(seen.argv)[:80]: said(tree, seen)[-600:] for seen in row.seen if seen.says not in said(tree, seen)}
    assert (before, after) == ([], {})
    python = [name for name in sorted(row.files) if name.endswith(".py")]
    ruff = Path(sys.executable).with_name("ruff")
    linted = subprocess.run(
        [ruff, "check", "--no-cache", "--output-format", "concise", *python], cwd=tree, capture_output=True, text=True, check=False
    )
    assert not python or linted.returncode == 0, linted.stdout
