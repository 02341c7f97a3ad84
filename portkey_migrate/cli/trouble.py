"""How a command ends when something was wrong: one clear error, its exit status, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portkey_migrate.errors import MigrateError

STOPPED = 130


class Ending:
    """The exit status, once it is known. A plain class: importing dataclasses would cost `--help` as much as all the rest of it."""

    status: int | None = None


@contextmanager
def told(words: Sequence[str]) -> Iterator[Ending]:
    """Runs a command; whatever it raises is shown once and becomes its exit status."""
    ending = Ending()
    try:
        yield ending
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on from here.\n")
        ending.status = STOPPED
    except BrokenPipeError:
        # `migrate history | head`: the reader has what it wanted; Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ending.status = 0
    except Exception as error:  # noqa: BLE001 - the last place before a person: what is not ours becomes PKM-0001
        ending.status = show(as_ours(error), words)


def as_ours(error: Exception) -> MigrateError:
    """The error itself where it is one of ours; any other as PKM-0001, its traceback written to the log that it names."""
    from portkey_migrate.errors import MigrateError

    if isinstance(error, MigrateError):
        return error
    log = _log(error)
    kept = f"The traceback is in {log}." if log else "The traceback could not be written anywhere."
    return MigrateError(
        f"unexpected: {type(error).__name__}",
        why=kept,
        safe="What the journal holds is on disk; each step was written down before it was sent, and the same command looks before it repeats.",
        hint="migrate status",
    )


def show(error: MigrateError, words: Sequence[str]) -> int:
    """The error on stderr, and with `-o json` as one document on stdout too. Returns its exit status."""
    from datetime import UTC

    from portkey_migrate.report import failures
    from portkey_migrate.report.paper import paper_of

    sys.stdout.flush()
    sys.stderr.write(failures.screen(error, paper_of(sys.stderr, os.environ), every_fault="lint" in words, tz=UTC if "--utc" in words else None))
    if wants_json(words):
        import json

        sys.stdout.write(json.dumps(failures.document(error), indent=2, ensure_ascii=False) + "\n")
    return error.exit


def wants_json(words: Sequence[str]) -> bool:
    """Whether the answer was to be JSON, even where the rest could not be parsed."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return any((word in ("-o", "--output") and value == "json") or word in ("-ojson", "--output=json") for word, value in pairs)


def _log(error: Exception) -> Path | None:
    """Appends the traceback to the person's own log, without any local's value and without the error's own words: either may be a secret."""
    import traceback

    root = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "portkey-migrate"
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(root / "unexpected.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(file, "a", encoding="utf-8") as log:
            log.write(f"--- {type(error).__module__}.{type(error).__qualname__}\n{''.join(frames)}")
    except OSError:
        return None
    return root / "unexpected.log"
