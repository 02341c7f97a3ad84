"""Every command that the tool or its docs tell a person to type is read by the real grammar."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import portkey_migrate
from portkey_migrate.cli import subjects
from portkey_migrate.cli.root import root

CODE = Path(portkey_migrate.__file__).parent
REPO = CODE.parent
#: What else a hint may name: commands of the systems around us, never a verb of ours that does not exist.
OTHERS = ("kubectl ", "export ", "ls ", "$EDITOR ", "kill ", "talosctl ", "git ", "unset ", "chmod ", "df ")


def _filled(node: ast.expr) -> str | None:
    """A string as a person would see it: each placeholder gets a name that fits where it stands."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp):
        left, right = _filled(node.left), _filled(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.IfExp):
        return _filled(node.body)
    if not isinstance(node, ast.JoinedStr):
        return None
    out = ""
    for part in node.values:
        out += str(part.value) if isinstance(part, ast.Constant) else _name(out)
    return out


def _name(before: str) -> str:
    last = before.split(" ")[-2] if before.endswith(" ") and before.strip() else ""
    if before == "":
        return "kubectl"
    if before.rstrip().endswith(("app", "task", "phase", "node")) or before.endswith("/"):
        return "speedtest"
    if last in ("app", "node", "task", "phase") or before.endswith("migrate advance app "):
        return "speedtest"
    return {
        "migrate": "advance",
        "--confirm": "portkey",
        "resolve": "7.4",
        "--as": "done",
        "--to": "prepared",
        "--seed": "7",
        "--state": "state",
        "-C": ".",
        "--kill": "12",
    }.get(last, "source" if before.endswith("--") else "app/speedtest")


def _hints() -> Iterator[tuple[str, str]]:
    for file in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                for value in [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]:
                    text = _filled(value)
                    if text:
                        yield f"{file.relative_to(REPO)}:{node.value.lineno}", text


def _commands_in_code() -> Iterator[tuple[str, str]]:
    """Any text that begins with `migrate `: what screens offer next."""
    for file in sorted(CODE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
            id(n) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in inside:
                text = _filled(node)
                if text and text.startswith("migrate ") and "\n\n" not in text:
                    yield f"{file.relative_to(REPO)}:{node.lineno}", text


def _commands_in_docs() -> Iterator[tuple[str, str]]:
    """In code spans, and line by line in blocks: what begins with `migrate `, with or without a prompt."""
    pages = [*sorted((REPO / "docs").glob("*.md")), *[page for page in (REPO / "README.md", REPO / "CONTRIBUTING.md") if page.exists()]]
    for page in pages:
        for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
            spans = re.findall(r"`(migrate [^`]*)`", line)
            block = re.match(r"\s*(?:\$ )?(migrate .*)$", line)
            for text in spans or ([block[1]] if block and (line.startswith(("    ", "$", "migrate"))) else []):
                yield f"{page.relative_to(REPO)}:{number}", text


def _commands(text: str) -> list[str]:
    """One command a line, or several with ` | ` between; a note in brackets, a comment or an ellipsis is no part of it."""
    lines = [part.strip() for line in text.split("\n") for part in line.split(" | ")]
    return [re.split(r"\s+\(|\s+#|\s{3,}| …", line)[0].strip() for line in lines if line]


#: What stands for a name in prose, and a name that fits.
STANDS_FOR = {
    "NAME": "speedtest",
    "KIND": "app",
    "STATE": "prepared",
    "ROW": "7.4",
    "X": "speedtest",
    "DIR": ".",
    "N": "7",
    "VERB": "advance",
    "SUBJECT": "app/speedtest",
    "POINT": "12",
    "FAULT": "hold-reverted",
}


def read(command: str) -> None:
    """Parses one command to its end without running it; raises what the grammar raises."""
    words = [STANDS_FOR.get(word, re.sub(r"\b(NAME|X|STATE)$", "speedtest", word)) for word in shlex.split(command, comments=True)[1:]]
    if words == ["--help"]:
        return
    context: click.Context = root.make_context("migrate", words, resilient_parsing=False)
    group: click.Command = root
    while isinstance(group, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        name, found, rest = group.resolve_command(context, rest)
        assert name is not None
        assert found is not None
        if {"--help", "-h"} & set(rest):
            return
        context, group = found.make_context(name, rest, parent=context), found
    if "subject" in context.params:
        subjects.parse(context.params["subject"], everything=context.info_name == "rollback", kind_alone=context.info_name == "graph")


SAID = sorted({*_hints(), *_commands_in_code(), *_commands_in_docs()})


def test_there_are_hints_to_read() -> None:
    """The collector finds them: a test that reads nothing would be green for ever."""
    assert len(list(_hints())) > 20


@pytest.mark.parametrize(("where", "text"), SAID, ids=[where for where, _ in SAID])
def test_what_a_person_is_told_to_type_is_a_command(where: str, text: str) -> None:
    """Parsed with the real grammar, placeholders filled; or a command of a system around us."""
    for command in _commands(text):
        if command.startswith("migrate"):
            read(command)
        else:
            assert command.startswith(OTHERS)
