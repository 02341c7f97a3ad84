"""What git holds: nothing that is ignored, nothing of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

#: A person's or a builder's own place; written in parts, so that this file does not find itself.
PLACES = re.compile("|".join(re.escape("/" + place + "/") for place in ("work", "root", "farm", "Users", "opt/wheels")))


@pytest.fixture
def tracked(repo: Path) -> list[Path]:
    if not (repo / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repo, capture_output=True, text=True, check=True).stdout
    return [repo / name for name in listed.split("\0") if name and (repo / name).exists()]


@pytest.mark.world("subprocess")
def test_nothing_ignored_is_tracked(repo: Path, tracked: list[Path]) -> None:
    """A journal or an environment in git would travel to the next clone."""
    ignored = subprocess.run(["git", "ls-files", "--cached", "--ignored", "--exclude-standard"], cwd=repo, capture_output=True, text=True, check=True)
    assert ignored.stdout == ""
    assert tracked


@pytest.mark.world("subprocess")
def test_no_file_names_a_place_on_one_machine(repo: Path, tracked: list[Path]) -> None:
    """A path of a machine in a page is a promise that the next machine breaks."""
    found = []
    for file in tracked:
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{file.relative_to(repo)}:{n}" for n, line in enumerate(text.splitlines(), 1) if PLACES.search(line)]
    assert found == []


def test_the_lock_names_no_index_and_every_file_has_a_hash(repo: Path) -> None:
    """`make` installs with --require-hashes from whatever index pip is set to."""
    text = (repo / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    packages = re.findall(r"^[a-z0-9-]+==.*?(?=^[a-z0-9-]+==|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(packages) > 20
    assert [p.split(" ")[0] for p in packages if "--hash=sha256:" not in p] == []


def test_the_lock_holds_every_declared_dependency(repo: Path) -> None:
    """Set-up installs the project without dependencies: what is not in the lock is not there."""
    import tomllib

    project = tomllib.loads((repo / "pyproject.toml").read_text())
    declared = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    locked = set(re.findall(r"^([a-z0-9-]+)==", (repo / "requirements.lock").read_text(), re.MULTILINE))
    assert {text.split(">")[0].strip() for text in declared} <= locked
