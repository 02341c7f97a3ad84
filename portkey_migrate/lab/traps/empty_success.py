"""A backup that saved nothing is a success like any other."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import read

TRAP = Trap(
    "empty-success",
    says="A mover that finds an empty directory says so in its log, ends well, and the tag counts as synced: Successful, and nothing was saved.",
    facts=(
        read("an empty directory ends the mover with status 0", "volsync mover-restic/entry.sh:81 check_contents"),
        read(
            "a Job that ended well is Successful, whatever its log says", "volsync internal/controller/utils/podlogs.go:188 updateMoverStatusForJob"
        ),
    ),
)

#: All that the log says then: the shell leaves before its last line.
WORDS = "== Directory is empty skipping backup ==="


def result(*, bites: bool) -> str:
    """What the mover's status says of such a run; with the trap off it failed, its Job tries again and no tag is copied."""
    return "Successful" if bites else "Failed"
