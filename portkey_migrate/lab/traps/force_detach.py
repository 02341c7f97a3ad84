"""Six minutes after a node went silent Kubernetes takes its volumes away, whatever still writes there."""

from __future__ import annotations

from portkey_migrate.lab.traps import Trap
from portkey_migrate.lab.truth import assumed, read

TRAP = Trap(
    "force-detach",
    says="A VolumeAttachment whose Pod is to end on a node that is not ready is deleted after 360 s: attachment gone proves no end of writing.",
    facts=(
        read(
            "after six minutes, from a node that is not healthy",
            "kubernetes pkg/controller/volume/attachdetach/attach_detach_controller.go:92, reconciler/reconciler.go:225",
        ),
        assumed(
            "a Terminating Pod on a silent node is enough",
            "kubernetes volume/util/util.go:303 keeps its volumes until the object is gone or no container runs",
            "harsher",
        ),
        assumed("the six minutes count from the node's silence", "reconciler.go:208 counts from the wish to detach, which is later", "harsher"),
    ),
)

AFTER = 360.0
