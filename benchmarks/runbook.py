"""The written runbook, played where portkey-migrate is judged: what each of the two loses (lab.md 27).

    python benchmarks/runbook.py [-o json] [--seeds 1-20]

Three rows a seed: `runbook` (its page, followed by a person in the cluster as it was found), `runbook_without_self_heal` (the same, with
Argo CD's self-heal turned off: the damage has to fall, else it was not that trap that bit), and `ours` (`migrate advance`, in the cluster
after the commits of phase 0, with the faults that a rehearsal of that seed draws). Figures count from the first command, and an app's are the
lab's own, as in every rehearsal. Exit 1 where a row is not as it must be.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """The comparison; an error of the lab as every command says one."""
    # Started by its path, Python looks in this file's folder first; `benchmarks` is found from the one above.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks import runbook_compared
    from portkey_migrate.errors import MigrateError

    try:
        return runbook_compared.main()
    except MigrateError as error:
        print(f"{error.what}\n{error.why}", file=sys.stderr)
        return error.exit


if __name__ == "__main__":
    sys.exit(main())
