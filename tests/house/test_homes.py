"""Each third-party library has one home (design §5), lazy imports included; the read paths and the next replacement depend on it."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

#: Library → where it may be imported: a folder (trailing slash) or a file, below portkey_migrate/.
HOMES: dict[str, tuple[str, ...]] = {
    "click": ("cli/",),
    "kubernetes": ("systems/kube.py", "systems/kube/"),
    "proxmoxer": ("systems/proxmox.py", "systems/proxmox/"),
    "pydantic": ("plan/",),
    "requests": ("systems/proxmox.py", "systems/proxmox/"),
    "sqlalchemy": ("journal/",),
    "sqlite3": ("journal/",),
    "sqlmodel": ("journal/",),
    "structlog": ("session.py",),
    "transitions": ("machines.py",),
    "urllib3": ("systems/kube.py", "systems/kube/"),
    "yaml": ("plan/", "lab/", "systems/settings.py"),
}
#: The names of distributions that are imported under another one.
IMPORTED_AS = {"pyyaml": "yaml"}


def imports(source: str) -> Iterator[str]:
    """The top-level name of every import in a file, lazy and dynamic ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__", "find_spec"):
                yield node.args[0].value.split(".")[0]


def strangers(package: Path) -> list[str]:
    """What is imported away from its home, or has none."""
    out = []
    for file in sorted(package.rglob("*.py")):
        where = file.relative_to(package).as_posix()
        for name in sorted(set(imports(file.read_text()))):
            homes = HOMES.get(name)
            if homes is None and (name in sys.stdlib_module_names or name == "portkey_migrate"):
                continue
            if homes is None:
                out.append(f"{where}: {name} has no home")
            elif not any(where.startswith(home) if home.endswith("/") else where == home for home in homes):
                out.append(f"{where}: {name} lives in {' or '.join(homes)}")
    return out


def test_every_library_is_imported_at_home_only(repo: Path) -> None:
    """A library that leaks out of its home would be paid by every command and replaced nowhere."""
    assert strangers(repo / "portkey_migrate") == []


@pytest.mark.parametrize(
    "line",
    [
        "import sqlmodel",
        "from sqlalchemy.orm import Session",
        "def late():\n    import kubernetes.client",
        "importlib.import_module('rich.console')",
        "import numpy",
    ],
)
def test_a_leak_is_found(tmp_path: Path, line: str) -> None:
    """Plain, lazy, dynamic and homeless imports are all seen."""
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "walk.py").write_text(line)
    assert len(strangers(tmp_path)) == 1


def test_every_dependency_is_used_by_its_home(repo: Path) -> None:
    """What is declared is imported, once its home is built; what has a home is declared or comes with something that is."""
    declared = tomllib.loads((repo / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {IMPORTED_AS.get(name, name) for name in (text.split(">")[0].strip() for text in declared)}
    assert names <= set(HOMES)
    assert set(HOMES) - names == {"sqlalchemy", "sqlite3"}
    package = repo / "portkey_migrate"
    for name in sorted(names):
        built = [package / home for home in HOMES[name] if (package / home).exists()]
        files = [file for home in built for file in (home.rglob("*.py") if home.is_dir() else [home])]
        assert not files or any(name in imports(file.read_text()) for file in files), f"{name} is declared and its home does not import it"
