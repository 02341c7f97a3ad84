"""How long things take in the lab: one table, each range with how it is known. A range shrinks only with a measurement.

Draws come from one rng a purpose (`world.rng("latency:NAME")`), so that a retry of the tool does not shift when a Pod starts.
"""

from __future__ import annotations

from typing import NamedTuple

from portkey_migrate.lab.truth import Fact, assumed, measured


class Range(NamedTuple):
    low: float  # seconds
    high: float
    fact: Fact | None = None  # a range without one has no page (truth_page.py)


_LOOPBACK = "the servers that were measured sat on loopback, without fsync"
_STAND_IN = "a stand-in for the kubelet was timed, not a real one"

RANGES: dict[str, Range] = {
    "api-read": Range(0.002, 0.020, assumed("a read of the API", _LOOPBACK, "either")),
    "api-write": Range(0.005, 0.040, assumed("a write to the API", _LOOPBACK, "either")),
    "api-reply": Range(
        0.001, 0.005, assumed("from landing to the reply: the smaller part", "so that most of a call passes before it lands", "either")
    ),
    "watch-line": Range(0.001, 0.010, assumed("from a write to its line in a watch", _LOOPBACK, "either")),
    "fetch": Range(0.003, 0.030, assumed("a page through an ingress", "taken to be like a read of the API", "either")),
    "pod-end": Range(1.0, 8.0, assumed("from the order to end until the Pod is gone", f"{_STAND_IN}: 1.5-1.8 s; a grace is 30 s", "kinder")),
    "pod-start": Range(1.0, 4.0, assumed("from mounted volumes to a running Pod", "nobody timed it", "either")),
    "pod-ready": Range(1.0, 6.0, assumed("from running to ready", f"{_STAND_IN}: 1.6-2.3 s in all; an app decides this itself", "kinder")),
    "detach": Range(
        1.0,
        6.0,
        assumed("from a Pod gone to its attachment gone", f"{_STAND_IN}: 0.4-0.7 s", "kinder"),
    ),
    "attach": Range(2.0, 8.0, assumed("attachment and map, half each", "nobody timed it", "either")),
    "image-pull": Range(3.0, 20.0, assumed("an image that a node does not hold", "nobody timed it; a large one takes minutes", "kinder")),
    "endpoints": Range(0.1, 1.0, assumed("from a Pod's turn to its slice", "the real controller adds no delay by default", "harsher")),
    "ingress-reload": Range(
        0.5, 3.3, assumed("from a change to its being served", "its flag says a sync each 3.3 s at the most; the half second is a guess", "either")
    ),
    "volume-available": Range(0.3, 16.0, assumed("from a volume's POST to Available", "1-16 s were measured, 0.3 s is a guess", "either")),
    "argo-operation": Range(0.5, 10.0, assumed("one sync of an app", "about 1 s was measured for a small app without waves or hooks", "harsher")),
    "backup": Range(30.0, 180.0, assumed("restic at work", "nobody timed it; it grows with the data", "either")),
    "backup-jitter": Range(0.0, 90.0, assumed("before a backup begins", "the cluster's own admission policy adds it: read, never timed", "either")),
    "rbd": Range(
        0.3, 0.6, assumed("a command through an exec into a Pod", "25-70 ms for rbd and 0.2-0.3 s for ceph were measured; exec was not", "either")
    ),
    "vm-snapshot": Range(5.0, 60.0, assumed("a snapshot of a VM without its memory", "no Proxmox VE was asked", "either")),
    "controller": Range(
        0.005, 0.050, measured("from a write to the controller's answer", "Kubernetes a Pod was marked 0.06 s after its scale, two controllers on")
    ),
    "scheduler": Range(0.005, 0.030, measured("from a Pod to its node", "Kubernetes Running 0.1 s after the POST, node and stand-in included")),
}
