"""A second node of another cluster maps an image that is in use: nothing stops it."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "blind-map",
    source="domain B41: ceph-csi's look for watchers is check-then-act and sees live ones only; here it is not relied on at all, which is harsher",
    says="ReadWriteOnce holds inside one cluster; a node of the other one maps the same image and writes too.",
)
