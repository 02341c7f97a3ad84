"""A request that its caller has given up lands after the caller has looked again: "not there" was no answer."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import measured, read

TRAP = Trap(
    "late-twin",
    says="A request whose connection broke lands after its caller's next look. Turned off, the same request lands in time and its reply is lost.",
    facts=(
        measured(
            "what a client gave up landed when the store thawed",
            "Kubernetes etcd frozen, time-out of 0.5 s: 2 of 5 POSTs, 1 of 5 PATCHes landed later",
        ),
        measured("a PUT or a DELETE may land late as well", "Kubernetes 0 of 5 each in that trial; one DELETE landed in another"),
        read("the server gives a request up after 60 s", "apiserver pkg/server/config.go:445 RequestTimeout"),
    ),
)
