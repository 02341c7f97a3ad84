"""How long things take in the lab: one table, each range with its source. A range shrinks only with a source.

Draws come from one rng a purpose (`world.rng("latency:NAME")`), so that a retry of the tool does not shift when a Pod starts.
"""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    low: float  # seconds
    high: float
    source: str


RANGES: dict[str, Range] = {
    "api-read": Range(0.002, 0.020, "lab.md 10a"),
    "api-write": Range(0.005, 0.040, "lab.md 10a"),
    "api-reply": Range(0.001, 0.005, "lab.md 10a: the smaller part of a call; most of it passes before it lands"),
    "watch-line": Range(0.001, 0.010, "real/ C, Watch: events come within milliseconds of the write"),
    "fetch": Range(0.003, 0.030, "lab.md 10a, API read; an ingress answers like one"),
    "pod-end": Range(1.0, 8.0, "lab.md 10a; real/ §4.18: 1.5–1.8 s"),
    "pod-start": Range(1.0, 4.0, "lab.md 10a"),
    "pod-ready": Range(1.0, 6.0, "lab.md 10a; real/ §4.18: ready 1.6–2.3 s after the unfence"),
    "detach": Range(1.0, 6.0, "lab.md 10a: unmap, then watcher gone, then attachment gone"),
    "attach": Range(2.0, 8.0, "lab.md 10a: attach and map"),
    "image-pull": Range(3.0, 20.0, "a guess, nobody measured it; lab.md 10a has no pull: images of a world are pulled beforehand"),
    "endpoints": Range(0.1, 1.0, "lab.md 10a"),
    "ingress-reload": Range(0.5, 3.3, "lab.md 10a; real/ §4.18: 0.5–3.1 s"),
    "volume-available": Range(0.3, 16.0, "real/ §4.20: 1–16 s after its POST"),
    "argo-operation": Range(0.5, 10.0, "lab.md 10a"),
    "backup": Range(30.0, 180.0, "lab.md 10a"),
    "backup-jitter": Range(0.0, 90.0, "lab.md 10a"),
    "rbd": Range(0.3, 0.6, "lab.md 10a: rbd through exec"),
    "vm-snapshot": Range(5.0, 60.0, "lab.md 10a"),
    "controller": Range(0.005, 0.050, "real/ C: a controller's write follows its watch event within tens of milliseconds"),
    "scheduler": Range(0.005, 0.030, "real/ §3: a Pod comes 0.03–0.14 s after the patch and the scale"),
}
