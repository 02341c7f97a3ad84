"""Argo CD: what it would change by itself, on either side, and whether it lets go when asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portkey_migrate.checks import ANEW, check
from portkey_migrate.checks.app import found_of
from portkey_migrate.model import Answer, Ref, block, dig, not_yet, ok, unknown
from portkey_migrate.systems.at import At

ARGOCD = "argocd"
AUTOMATED = "spec.syncPolicy.automated"
_HELD = 2.0  # seconds: an owner takes a hold back within 20-40 ms (measured, real/ A2); the margin is a hundredfold
_TOLERATED = frozenset({"/spec/syncPolicy", "/spec/syncPolicy/automated"})
_COMMIT = "commit to the ApplicationSet: spec: {ignoreApplicationDifferences: [{jsonPointers: [/spec/syncPolicy]}]}"


def _application(at: At, side: str) -> Mapping[str, Any] | None:
    name = found_of(at).application
    return next((one for one in at.list(side, "Application", ARGOCD) if one["metadata"]["name"] == name), None)


def _owner(at: At, side: str, application: Mapping[str, Any]) -> Mapping[str, Any] | None:
    names = [one["name"] for one in application["metadata"].get("ownerReferences") or [] if one["kind"] == "ApplicationSet"]
    return next((one for one in at.list(side, "ApplicationSet", ARGOCD) if one["metadata"]["name"] in names), None) if names else None


@check(guards=("prepared",), situation="hold-not-tolerated", sources="domain 3.2 no. 12, B20, B21; real/ A2")
def hold_is_tolerated(at: At) -> Answer:
    """Whatever owns the app's Application, on either side, leaves a hold alone."""
    said, deaf = [], []
    for side in ("source", "target"):
        application = _application(at, side)
        owner = _owner(at, side, application) if application else None
        if owner is None:
            said.append(f"{side}: no owner")
            continue
        name = owner["metadata"]["name"]
        ignored = dig(owner, "spec.ignoreApplicationDifferences") or []
        mine = [one for one in ignored if one.get("name") in (None, "", found_of(at).application)]
        pointers = {pointer for one in mine for pointer in one.get("jsonPointers") or []}
        if pointers & _TOLERATED or dig(owner, "spec.syncPolicy.applicationsSync") == "create-only":
            said.append(f"{side}: ApplicationSet {name} tolerates it")
        else:
            deaf.append(f"ApplicationSet {name} at the {side} takes a hold back within 40 ms")
    seen = {"value": len(deaf), "threshold": 0, "cluster": "both"}
    return block("; ".join(deaf), _COMMIT, **seen) if deaf else ok("; ".join(said), **seen)


@check(
    guards=("prepared", *ANEW, "protected"),
    situation="target-not-held",
    asked_of=("target",),
    sources="domain 3.2 no. 14 and 18, §2.0 (Argo levers)",
)
def target_is_held(at: At) -> Answer:
    """The app's Application is on the target, and changes nothing there by itself."""
    application = _application(at, "target")
    name = found_of(at).application
    if application is None:
        return block(f"Application {name} is not on the target", f"commit {name} to the target's allow-list, automation off", cluster="target")
    automated = dig(application, AUTOMATED)
    seen = {"value": automated or "off", "threshold": "off", "cluster": "target"}
    if automated is not None and not (isinstance(automated, Mapping) and automated.get("enabled") is False):
        return block(
            f"automation of Application {name} is on", "commit to the target's ApplicationSet: no spec.template.spec.syncPolicy.automated", **seen
        )
    return ok(f"Application {name} is there, automation off", **seen)


@check(situation="hold-reverted", when="moving", within=30.0, sources="real/README.md §4.2, real/ A1 and A2; domain B20")
def hold_holds(at: At) -> Answer:
    """A hold that was put on is still there after its owner had the time to take it back."""
    name, began = found_of(at).application, at.clock.monotonic()
    # The target is held from before `prepared` until `committed`, by Git or by us; the source once we held it, and on the way back no more:
    # there a person who walked the undo page may have given it back already.
    for side in ("target", *(["source"] if f"hold:source/{name}" in at.begun and not at.back else [])):
        application = _application(at, side)
        if application is None:
            return block(f"Application {name} is gone from the {side}", cluster=side)
        automated = dig(application, AUTOMATED)
        if automated is not None:
            return block(f"the hold on Application {name} at the {side} was taken back", _COMMIT, value=automated, threshold=None, cluster=side)
        at.mind.setdefault(f"held since:{side}", began)
    since = max(value for key, value in at.mind.items() if key.startswith("held since:"))
    held = began - since
    if held < _HELD:
        return not_yet(
            f"held for {held:.1f} s", value=round(held, 1), threshold=_HELD, waits_for="an owner that would take the hold back", cluster="both"
        )
    return ok(f"automation stayed off for {held:.1f} s", value=round(held, 1), threshold=_HELD, cluster="both")


@check(situation="drift-on-release", when="between", asked_of=("target",), sources="domain B26, B93; design §3 (committed)")
def nothing_drifts_when_released(at: At) -> Answer:
    """Argo CD on the target would change nothing but what the move itself made, once its automation is on."""
    application, watch = _application(at, "target"), Ref("target", "Application", ARGOCD, "")
    if application is None:
        return block(f"Application {found_of(at).application} is not on the target", cluster="target")
    status = dig(application, "status.sync.status")
    if application.get("operation") or dig(application, "status.operationState.phase") == "Running":
        return not_yet("an operation is running", watch=watch, waits_for="Argo CD to end its operation", cluster="target")
    if status not in ("Synced", "OutOfSync"):
        return unknown(
            f"Argo CD says {status or 'nothing'} of Application {found_of(at).application}", value=status, threshold="Synced", cluster="target"
        )
    made = {(change.ref.kind, change.ref.name) for change in at.begun.values() if change.ref.system == "target" and change.before is None}
    drift = [one for one in dig(application, "status.resources") or [] if one.get("status") not in (None, "Synced") or one.get("requiresPruning")]
    foreign = sorted(f"{one['kind']} {one['name']}" for one in drift if (one["kind"], one["name"]) not in made)
    seen = {"value": len(foreign), "threshold": 0, "cluster": "target"}
    if foreign:
        return block(
            f"Argo CD would change {', '.join(foreign)}", f"argocd app diff {found_of(at).application}, then commit what should stand", **seen
        )
    return ok(f"Application {found_of(at).application} is {status}; nothing foreign drifts", **seen)
