"""Six minutes after a node went silent Kubernetes takes its volumes away, whatever still writes there."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap

TRAP = Trap(
    "force-detach",
    source="domain B41; real/README.md §4.19; kube-controller-manager: maxWaitForUnmountDuration 6 min",
    says="A VolumeAttachment whose Pod is to end on a node that is not ready is deleted after 360 s: attachment gone proves no end of writing.",
)

AFTER = 360.0
