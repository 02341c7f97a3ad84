"""A workload that goes on wanting Pods under a fence is in back-off: its Pod comes long after the fence has gone."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import measured, read

TRAP = Trap(
    "quota-back-off",
    says="A ReplicaSet refused by a quota tries again after 5 ms, doubling with each failure, from its first failure on.",
    facts=(
        measured("a Pod came 44 s after a fence of 120 s, 0.1 s after where 0 were wanted", "Kubernetes once each"),
        read(
            "5 ms, doubling with each failure, 1000 s at most",
            "client-go util/workqueue/default_rate_limiters.go:50 DefaultTypedControllerRateLimiter",
        ),
    ),
)

#: client-go's per-item limiter: 5 ms · 2^n, at most 1000 s. After 120 s of refusals the next try is the one at 163.8 s: 44 s late, as measured.
FIRST, MOST = 0.005, 1000.0


def delay(failures: int) -> float:
    """Seconds until the next try, after this many failures in a row before this one."""
    return min(FIRST * 2.0**failures, MOST)


def without() -> float:
    """With the trap off a refused ReplicaSet just tries again every half second."""
    return 0.5
