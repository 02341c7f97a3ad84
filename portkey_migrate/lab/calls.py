"""One call of the tool on its way: it lands (effect), then its reply comes. Both are events, so "it may have happened" is native (lab.md 7).

A call belongs to the world, not to who sent it: when the caller dies, what was sent and has not landed may still land.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: HTTP methods that change something.
MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: Questions that are POSTed and change nothing.
_QUESTIONS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews")


@dataclass
class Call:
    id: int
    session: str
    actor: str
    kind: str  # "api" | "fetch" | "run"
    cluster: str = ""
    request: Any = None  # api: lab.api.Request; fetch and run: the frame
    chan: int = 0
    token: str = ""  # the tool's `transition.row#attempt`
    mutating: bool = False
    watching: bool = False
    sent_at: float = 0.0
    landed_at: float | None = None
    response: Any = None  # api: Response or Watch; fetch: a dict; run: a dict
    fault: str = ""  # the fault that hit it
    broken: str = ""  # "reset": the caller's connection breaks in place of the reply
    looked: bool = False  # a late twin: its caller has looked again
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where a fault hit, for a person: `PATCH ingresses/speedtest@source 12.3#1`."""
        if self.kind != "api":
            return f"{self.kind} {self.request.get('host') or ' '.join(self.request.get('argv', ()))}"
        short = "/".join(self.request.path.split("/")[-2:])
        return f"{self.request.method} {short}@{self.cluster} {self.token}".strip()


def is_mutating(method: str, path: str, query: str) -> bool:
    return method in MUTATING and not path.endswith(_QUESTIONS) and "dryRun=All" not in query
