"""A second node of another cluster maps an image that is in use: nothing stops it."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed, read

TRAP = Trap(
    "blind-map",
    says="ReadWriteOnce holds inside one cluster; a node of the other one maps the same image and writes too.",
    facts=(
        read("the driver waits for watchers to go, then fails: a look before the act", "ceph-csi internal/rbd/rbd_attach.go waitForrbdImage"),
        assumed(
            "nothing stops the second node", "the look sees live watchers alone and two may look at once; here it is not relied on at all", "harsher"
        ),
    ),
)
