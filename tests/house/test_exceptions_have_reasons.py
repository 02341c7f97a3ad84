"""Every rule that is switched off says why, where it is switched off."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

REASONED = re.compile(r"#\s*(?:noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[a-z-]+(?:,\s*[a-z-]+)*\]|pragma:\s*no cover)\s+\S.{6,}")
SWITCHED_OFF = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)")


def sources(repo: Path) -> list[Path]:
    return [file for room in ("portkey_migrate", "tests", "benchmarks", "docs") for file in sorted((repo / room).rglob("*.py"))]


def comments(file: Path) -> Iterator[tuple[int, str]]:
    with file.open("rb") as lines:
        for token in tokenize.tokenize(io.BytesIO(lines.read()).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_every_rule_that_ruff_does_not_apply_has_its_reason(repo: Path) -> None:
    """A line in an ignore list ends in a comment that is more than a word."""
    text = (repo / "pyproject.toml").read_text()
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.flake8-tidy-imports")]
    bare = [line for line in lint.splitlines() if re.search(r'"[A-Z]+\d+"', line) and not re.search(r"# \S+( \S+)+", line)]
    assert bare == []


def test_every_switched_off_line_names_its_code_and_its_reason(repo: Path) -> None:
    """`noqa` and `type: ignore` are exceptions to a rule, and an exception without a reason is a habit."""
    bare = [
        f"{file.relative_to(repo)}:{line}: {text}"
        for file in sources(repo)
        for line, text in comments(file)
        if SWITCHED_OFF.search(text) and not REASONED.search(text)
    ]
    assert bare == []


def test_files_stay_small(repo: Path) -> None:
    """Past about 400 lines a file holds a concept that has no home yet."""
    long = {str(file.relative_to(repo)): n for file in sources(repo) if (n := len(file.read_text().splitlines())) > 420}
    assert long == {}
