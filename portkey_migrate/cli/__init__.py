"""What people type. One file a verb in `verbs/`; parses, asks, prints; no logic of the migration lives here.

`--help` and a plain `migrate status` are answered before click is imported: click alone is 3.7 of the 5 times `python -c pass` that they may cost.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """The console entry: the exit status of what was typed. A person never sees a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    from portkey_migrate.cli import trouble

    with trouble.told(words) as ending:
        from portkey_migrate.cli import quick

        ending.status = quick.answer(words)
        if ending.status is None:
            from portkey_migrate.cli.root import run

            ending.status = run(words)
    return ending.status or 0
