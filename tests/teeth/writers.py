"""Teeth for the one writer: hold, fence, Pods, attachment, watcher, node, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from portkey_migrate.checks import quiet
from portkey_migrate.model import Answer, Change, ok
from portkey_migrate.recipes import Item
from portkey_migrate.steps import gitops, workload
from portkey_migrate.steps.workload import Scale
from portkey_migrate.systems import silence
from portkey_migrate.systems.at import At
from tests.teeth import intruders
from tests.teeth.stage import Play
from tests.teeth.tooth import DOWN, TWO_WRITERS, Out, Patch, Tooth, back, believed, both, forward, without

NO_FENCE = Out("no fence on the source", forward(without("fence-on:source")))
UNWATCHED = Out("image-has-no-watcher believed", believed("image-has-no-watcher"))


# ---- what is broken, where a recipe or a check's answer alone does not say it ----


def _alive(pods: Sequence[Any]) -> list[Any]:
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def terminating_is_gone(patch: pytest.MonkeyPatch) -> None:
    """Wherever Pods are looked at, one that was told to end is left out."""
    of_a_workload, of_the_app = At.pods, silence.app_pods
    patch.setattr(At, "pods", lambda at, workload: _alive(of_a_workload(at, workload)))
    for module in (silence, quiet):
        patch.setattr(module, "app_pods", lambda at, side: _alive(of_the_app(at, side)))


def attachment_unseen(patch: pytest.MonkeyPatch) -> None:
    """Quiet is: no Pod. Where the volume is attached is not looked at."""
    patch.setattr(quiet, "_attached", lambda *_: [])


def any_pod_is_ready(patch: pytest.MonkeyPatch) -> None:
    """A scale up is done when its Pods are there, ready or not."""
    patch.setattr(workload, "ready", lambda _: True)


def source_up_unproved(patch: pytest.MonkeyPatch) -> None:
    """The source's scale up is done when it is sent: under a fence no Pod would come to wait for."""
    proof = Scale.proof

    def sent(step: Scale, change: Change, at: At) -> Answer:
        up = step.side == "source" and change.after is not None and change.after["spec.replicas"]
        return ok("sent") if up else proof(step, change, at)

    patch.setattr(Scale, "proof", sent)


def claims_made_late() -> Patch:
    """Volume and claim are made when the source is quiet, not while it still serves; the staged sync then leaves the claim out."""
    late: list[Item] = []

    def moved(state: str, items: Sequence[Item]) -> Sequence[Item]:
        if state == "prepared":
            late[:] = [item for item in items if item.name.startswith(("volume:target", "claim:target"))]
            return [item for item in items if item not in late]
        return _before("fence-off:target", items, late) if state == "started" else items

    def staged(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(gitops, "NOT_STAGED", gitops.NOT_STAGED | {"PersistentVolumeClaim"})

    return both(forward(moved), staged)


def source_up_first() -> Patch:
    """On the way back the source is scaled up before the target is stopped, its fence still on: opening the fence is to be the switch."""

    def moved(_: str, items: Sequence[Item]) -> Sequence[Item]:
        early = [item for item in items if item.name.startswith("undo-scale-to-0:source")]
        return _before("undo-scale-up:target", [item for item in items if item not in early], early)

    return both(back(moved), source_up_unproved)


def _before(name: str, items: Sequence[Item], more: Sequence[Item]) -> list[Item]:
    at = next((n for n, item in enumerate(items) if item.name.startswith(name)), len(items))
    return [*items[:at], *more, *items[at:]]


FORWARD = [
    Tooth(
        "no hold",
        forward(without("hold:source")),
        Play(to="protected", intrudes=intruders.argocd_was_busy),
        TWO_WRITERS,
        guards=(NO_FENCE,),
        alone="the source still wants 1 Pods",
        trap="self-heal",
    ),
    Tooth(
        "hold not looked at again",
        believed("hold-holds"),
        Play(to="protected", with_="hold-reverted", intrudes=intruders.argocd_was_busy),
        TWO_WRITERS,
        guards=(NO_FENCE,),
        alone="the source is not held",
        trap="owner-reverts",
    ),
    Tooth("no fence", NO_FENCE.does, Play(to="protected", intrudes=intruders.source_scaled_up_for_60), TWO_WRITERS),
    Tooth(
        "Terminating Pod taken for gone",
        terminating_is_gone,
        Play(to="protected", intrudes=intruders.source_pod_lingers),
        TWO_WRITERS,
        guards=(Out("attachment not waited for", attachment_unseen), UNWATCHED),
        refused_by="source-is-quiet",
    ),
    Tooth(
        "attachment not waited for",
        attachment_unseen,
        Play(to="protected", intrudes=intruders.slow_unmap),
        TWO_WRITERS,
        guards=(UNWATCHED,),
        refused_by="image-has-no-watcher",
        trap="slow-detach",
    ),
    Tooth("watcher not asked", UNWATCHED.does, Play(to="protected", intrudes=intruders.somebody_writes_for_40), TWO_WRITERS),
    Tooth(
        "frozen node taken for quiet",
        forward(without("blocklist:")),
        Play(with_="node-frozen-400"),  # to committed: the node thaws long after people are served
        TWO_WRITERS,
        trap="frozen-writer",
    ),
    Tooth(
        "claim made inside the outage",
        claims_made_late(),
        Play(to="protected"),
        DOWN,
        guards=(Out("volume-is-retained believed", believed("volume-is-retained")),),
        refused_by="volume-is-retained",
        trap="binder-resync",
        not_clean=False,
        says="still within the outage budget of 3 m, so the verdict is clean: it is held against the unbroken run of the seed",
    ),
    Tooth(
        "routed before ready",
        any_pod_is_ready,
        Play(to="routed", with_="target-never-ready"),
        DOWN,
        guards=(Out("one-watcher believed", believed("one-watcher")), Out("probe-answers believed", believed("probe-answers"))),
        refused_by="one-watcher",
    ),
]

BACK = [
    Tooth(
        "back without stopping the target",
        back(without("undo-scale-up:target")),
        Play(rollback_at="protected"),
        TWO_WRITERS,
        guards=(Out("target-is-quiet believed", believed("target-is-quiet")), Out("target-node-answered believed", believed("target-node-answered"))),
        refused_by="target-is-quiet",
    ),
    Tooth(
        "back from committed without a hold",
        back(without("undo-release:target", "hold:target")),
        Play(rollback_at="committed", intrudes=intruders.argocd_was_busy_at_the_target),
        TWO_WRITERS,
        guards=(Out("hold-holds believed", believed("hold-holds")), Out("no fence on the target", back(without("undo-fence-off:target")))),
        refused_by="hold-holds",
    ),
    Tooth(
        "source scaled up under its fence",
        source_up_first(),
        Play(rollback_at="protected", intrudes=intruders.target_pod_lingers_80),
        DOWN,
        trap="quota-back-off",
    ),
]

TEETH = [*FORWARD, *BACK]
