"""Answers before click: the first page of help, the version, and a plain `migrate status`.

The person who types `status` while something is down should not wait for a parser. Anything that is not exactly one of the few
spellings below goes to the real grammar, which knows the same options; a test holds both to one outcome.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

#: Spelling on the command line → (keyword, takes a value).
_OPTIONS = {"-o": ("output", True), "--output": ("output", True), "--state": ("state", True), "-C": ("home", True), "--utc": ("utc", False)}


def answer(words: Sequence[str]) -> int | None:
    """The exit status, or None where the real grammar has to look."""
    if any(name.endswith("_COMPLETE") and name.startswith("_") for name in os.environ):
        return None
    if list(words) in ([], ["--help"], ["-h"], ["help"]):
        from portkey_migrate.cli.words import root_help

        sys.stdout.write(root_help(program()))
        return 0
    if list(words) == ["--version"]:
        from portkey_migrate import __version__

        sys.stdout.write(f"portkey-migrate {__version__}\n")
        return 0
    return _status(words)


def program() -> str:
    """The name that was typed: `migrate`, `portkey-migrate`, or `kubectl portkey`."""
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "migrate"
    return {"kubectl-portkey": "kubectl portkey", "portkey-migrate": "portkey-migrate"}.get(name, "migrate")


def _status(words: Sequence[str]) -> int | None:
    given: dict[str, str] = {}
    rest = list(words)
    verb = ""
    while rest:
        word = rest.pop(0)
        if word == "status" and not verb:
            verb = word
        elif word in _OPTIONS:
            keyword, takes = _OPTIONS[word]
            if (takes and not rest) or keyword in given:
                return None
            given[keyword] = rest.pop(0) if takes else "yes"
        else:
            return None
    if not verb:
        return None
    from portkey_migrate.report import formats

    if given.get("output", "table") not in formats.names():
        return None
    from portkey_migrate.cli.looking import print_status

    return print_status(given.get("home"), given.get("state"), given.get("output", "table"), utc="utc" in given)
