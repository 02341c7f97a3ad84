"""Argo CD's behaviour, against the times that were measured (real/ A)."""

from __future__ import annotations

from typing import Any

import pytest

#: The fixture of conftest.py: somebody with every right.
Hand = Any

APP = "speedtest"


def application(hand: Hand, side: str) -> Any:
    return hand.get(side, "Application", "argocd", APP)


def healed(hand: Hand) -> float:
    """Scales to 0 and says after how many seconds it was scaled back."""
    hand.scale("source", APP, 0)
    return float(hand.until(lambda: hand.get("source", "Deployment", APP, APP)["spec"]["replicas"] == 1, 400))


def settled(hand: Hand) -> None:
    def rests() -> bool:
        app = application(hand, "source")
        return "operation" not in app and app["status"]["operationState"]["phase"] != "Running"

    hand.until(rests, 30)


def test_a_scale_by_hand_is_healed_and_then_later_and_later(hand: Hand) -> None:
    """At once, then 2, 6, 18 s after the end of the sync before."""
    assert healed(hand) < 0.6
    for wait in (2, 6, 18):
        settled(hand)
        ended = hand.world.now
        healed(hand)
        assert hand.world.now - ended == pytest.approx(wait, abs=0.7)


def test_the_back_off_is_forgotten_after_a_quiet_while(hand: Hand) -> None:
    """330 s after the last sync the next heal is prompt again."""
    healed(hand)
    settled(hand)
    hand.wait(331)
    assert healed(hand) < 0.6


def test_without_the_trap_nothing_heals(hand: Hand) -> None:
    """The trap has teeth: turned off, a scale to 0 stays."""
    hand.world.traps.discard("self-heal")
    hand.scale("source", APP, 0)
    hand.wait(600)
    assert hand.get("source", "Deployment", APP, APP)["spec"]["replicas"] == 0


def test_a_tolerated_hold_holds(hand: Hand) -> None:
    """With ignoreApplicationDifferences on /spec/syncPolicy automation stays off and 0 stays 0."""
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.wait(600)
    assert "automated" not in application(hand, "source")["spec"]["syncPolicy"]
    assert hand.get("source", "Deployment", APP, APP)["spec"]["replicas"] == 0
    assert application(hand, "source")["status"]["sync"]["status"] == "OutOfSync"


def test_a_hold_that_is_not_tolerated_is_reverted_in_milliseconds(hand: Hand) -> None:
    """The ApplicationSet puts automation back after 20-60 ms."""
    hand.patch("source", "ApplicationSet", "argocd", "apps", {"spec": {"ignoreApplicationDifferences": None}})
    hand.wait(1)
    hand.hold("source", APP)
    took = hand.until(lambda: "automated" in application(hand, "source")["spec"]["syncPolicy"])
    assert 0.019 <= took <= 0.061


def test_foreign_annotations_are_stripped_from_an_owned_application(hand: Hand) -> None:
    """A mark of ours is gone within a second."""
    hand.patch("source", "Application", "argocd", APP, {"metadata": {"annotations": {"portkey-migrate.io/mark": "x"}}})
    hand.wait(1)
    assert "annotations" not in application(hand, "source")["metadata"]


def test_a_released_application_heals_at_once_with_a_refresh(hand: Hand) -> None:
    """Automation and refresh in one patch: healed in under a second, the annotation gone after 0.06 s."""
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.wait(60)
    patch = {
        "metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}},
        "spec": {"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}},
    }
    hand.patch("source", "Application", "argocd", APP, patch)
    assert hand.until(lambda: "annotations" not in application(hand, "source")["metadata"]) == pytest.approx(0.08, abs=0.03)
    assert hand.until(lambda: hand.get("source", "Deployment", APP, APP)["spec"]["replicas"] == 1) < 1.0


def staged(hand: Hand, *, clear: bool) -> Any:
    """The operation of a careful or a careless hand; the operationState that it ended with."""
    hand.make("target", {"kind": "Namespace", "metadata": {"name": APP}})
    operation = {"info": [{"name": "pm", "value": "K"}], "sync": {"prune": False, "resources": [{"kind": "Service", "name": APP, "namespace": APP}]}}
    patch: dict[str, Any] = {"operation": operation}
    if clear:
        patch["status"] = {"operationState": None}
    hand.patch("target", "Application", "argocd", APP, patch)
    hand.until(lambda: "operation" not in application(hand, "target"), 30)
    return application(hand, "target")["status"]["operationState"]


def test_what_the_last_operation_left_makes_the_next_a_false_success(hand: Hand) -> None:
    """Somebody's old dry run: the tagged operation Succeeded and nothing is there."""
    state = staged(hand, clear=False)
    assert state["phase"] == "Succeeded"
    assert state["operation"]["info"] == [{"name": "pm", "value": "K"}]
    assert hand.get("target", "Service", APP, APP) is None


def test_clearing_the_old_state_in_the_same_patch_makes_it_real(hand: Hand) -> None:
    """And only what `resources` names is made."""
    state = staged(hand, clear=True)
    assert state["message"] == "successfully synced (all tasks run)"
    assert hand.get("target", "Service", APP, APP) is not None
    assert hand.get("target", "Deployment", APP, APP) is None


def test_a_second_operation_in_quick_succession_is_lost(hand: Hand) -> None:
    """It overwrites .operation and vanishes when the first ends."""
    hand.make("target", {"kind": "Namespace", "metadata": {"name": APP}})
    first = {"info": [{"name": "pm", "value": "first"}], "sync": {}}
    hand.patch("target", "Application", "argocd", APP, {"operation": first, "status": {"operationState": None}})
    hand.wait(0.1)
    hand.patch("target", "Application", "argocd", APP, {"operation": {**first, "info": [{"name": "pm", "value": "second"}]}})
    hand.wait(30)
    assert application(hand, "target")["status"]["operationState"]["operation"]["info"][0]["value"] == "first"
    assert "operation" not in application(hand, "target")


def test_an_operation_into_a_missing_namespace_fails_and_says_why(hand: Hand) -> None:
    """Without CreateNamespace nothing is applied."""
    hand.patch("target", "Application", "argocd", APP, {"spec": {"syncPolicy": {"syncOptions": ["ServerSideApply=true"]}}})
    hand.patch("target", "Application", "argocd", APP, {"operation": {"sync": {}}, "status": {"operationState": None}})
    hand.until(lambda: "operation" not in application(hand, "target"), 30)
    state = application(hand, "target")["status"]["operationState"]
    assert state["phase"] == "Failed"
    assert 'namespaces "speedtest" not found' in state["message"]
