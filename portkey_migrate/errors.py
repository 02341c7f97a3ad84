"""Every error that a person can meet. Each has a code, a hint that is a command, and an exit status (the table is `EXITS`).

    MigrateError                     1   unexpected
      Usage                          2   a word on the command line, or a question that nothing answers
        PlanInvalid                  2   phases/ has a fault: file, line, column
        NoPlan, NoKubeconfig         2
      Refused                        3   a check, a window, an identity or something not built; nothing was changed
        NotBuilt, WrongCluster, OutsideWindow, Blocked
          NotServed                a cluster has no API for a kind
      Locked                         5   another operator holds the lock
      WentBack                       6   failed, and went back cleanly
      NeedsOperator                  7   parked: a person decides
        SomebodyWasHere, NotProved
      JournalUnusable                8   damaged, foreign or newer
        NotAJournal, NewerSchema, OtherWorld, UnknownName
      Unreachable                    10  a system or the journal's disk; nothing was changed
      NotClean                       11  a rehearsal's verdict

A `Conflict`, a `NoReply` and a `SendRefused` are what a system says to one send; the engine catches the first two and no person sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

SAFE_UNCHANGED = "Nothing was changed."


class MigrateError(Exception):
    """What, why, what is safe now, and the next command."""

    code: ClassVar[str] = "PKM-0001"
    exit: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", safe: str = SAFE_UNCHANGED, hint: str = "", **data: Any) -> None:
        super().__init__(what)
        self.what, self.why, self.safe, self.hint = what, why, safe, hint
        self.data: Mapping[str, Any] = data


class Usage(MigrateError):
    code, exit = "PKM-0201", 2


class NoPlan(Usage):
    code = "PKM-0202"


class NoKubeconfig(Usage):
    code = "PKM-0203"


class PlanInvalid(Usage):
    """`data['faults']`: a list of `file:line:column: what (got …)`."""

    code = "PKM-0210"


class Refused(MigrateError):
    code, exit = "PKM-0301", 3


class Blocked(Refused):
    """A check refused. `data`: check, answer."""

    code = "PKM-0342"


class NotServed(Blocked):
    """A cluster has no API for a kind: nobody installed what brings it. Never the same as a kind of which there is nothing."""

    code = "PKM-0343"


class NotBuilt(Refused):
    code = "PKM-0310"


class WrongCluster(Refused):
    code = "PKM-0320"


class OutsideWindow(Refused):
    code = "PKM-0330"


class Locked(MigrateError):
    """`data`: who, host, pid, since, doing."""

    code, exit = "PKM-0501", 5


class WentBack(MigrateError):
    code, exit = "PKM-0611", 6


class NeedsOperator(MigrateError):
    code, exit = "PKM-0701", 7


class SomebodyWasHere(NeedsOperator):
    """The object stands neither as found nor as wanted. `data`: row, ref, before, after, seen."""

    code = "PKM-0710"


class NotProved(NeedsOperator):
    """A proof or a check inside a transition did not answer ok in time. `data`: row, check, answer."""

    code = "PKM-0720"


class MustAsk(NeedsOperator):
    """A step without an answer whose system cannot be read: `migrate resolve`."""

    code = "PKM-0730"


class JournalUnusable(MigrateError):
    code, exit = "PKM-0801", 8


class NotAJournal(JournalUnusable):
    code = "PKM-0802"


class NewerSchema(JournalUnusable):
    code = "PKM-0803"


class OtherWorld(JournalUnusable):
    code = "PKM-0804"


class UnknownName(JournalUnusable):
    code = "PKM-0805"


class Unreachable(MigrateError):
    code, exit = "PKM-1001", 10


class JournalUnwritable(Unreachable):
    code = "PKM-1002"


class NotClean(MigrateError):
    code, exit = "PKM-1101", 11


class Interrupted(MigrateError):
    """Ctrl-C: the step in hand was finished. `exit` 130."""

    code, exit = "PKM-1301", 130


# ---- what one send can come back with; never shown to a person as such ----


class SendError(Exception):
    """Base of the three; the message never holds a response body (it may be a Secret)."""


class Conflict(SendError):
    """409: the version it was sent under is old, or the name exists. Look again."""


class NoReply(SendError):
    """A time-out, a reset, a 5xx: it may have happened. Look again."""


class SendRefused(SendError):
    """A clear no: 400, 403, 404, 422, 429. It did not happen. `status`, `reason`, `message` (cut to 300 characters)."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message[:300]}")
        self.status, self.reason, self.message = status, reason, message[:300]
