"""Deployments, ReplicaSets, Pods, quotas, endpoints and Leases, as the real ones behave."""

from __future__ import annotations

from typing import Any

import pytest

from portkey_migrate.lab.world import World

#: The fixture of conftest.py: somebody with every right.
Hand = Any

APP = "speedtest"


def test_a_pod_that_was_told_to_end_is_terminating_for_some_seconds(hand: Hand) -> None:
    """Scaled to 0 it is still there, marked, and gone 1-8 s later."""
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.until(lambda: "deletionTimestamp" in hand.pods("source", APP)[0]["metadata"])
    took = hand.until(lambda: not hand.pods("source", APP))
    assert 1.0 <= took <= 8.1


def test_a_scale_up_is_ready_within_the_measured_range(hand: Hand) -> None:
    """Start 1-4 s, ready 1-6 s, and the Deployment's status says so."""
    hand.hold("source", APP)
    hand.scale("source", APP, 2)
    took = hand.until(lambda: len(hand.pods("source", APP, ready=True)) == 2)
    assert 2.0 <= took <= 10.5
    hand.wait(1)
    assert hand.get("source", "Deployment", APP, APP)["status"]["readyReplicas"] == 2


def test_a_fence_refuses_in_the_servers_own_words(hand: Hand) -> None:
    """The ReplicaSet's condition carries what admission said."""
    hand.hold("source", APP)
    hand.fence("source", APP, "0")
    hand.wait(0.1)
    hand.scale("source", APP, 2)
    hand.wait(1)
    failed = next(c for c in hand.get("source", "Deployment", APP, APP)["status"]["conditions"] if c["type"] == "ReplicaFailure")
    assert "exceeded quota: pm-fence, requested: pods=1, used: pods=1, limited: pods=0" in failed["message"]


def fenced_for(hand: Hand, seconds: float, wanted: int) -> float:
    """How long after a fence has gone the Pod comes."""
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.until(lambda: not hand.pods("source", APP))
    hand.fence("source", APP, "0")
    hand.wait(0.1)
    hand.scale("source", APP, wanted)
    hand.wait(seconds)
    hand.fence("source", APP, "1000000")
    hand.scale("source", APP, 1)
    return float(hand.until(lambda: bool(hand.pods("source", APP)), 100))


def test_a_workload_that_wanted_pods_under_a_fence_is_in_back_off(hand: Hand) -> None:
    """44 s after a fence of 120 s, as measured (real/README.md §4.12)."""
    assert fenced_for(hand, 120, 1) == pytest.approx(44, abs=1)


def test_a_workload_that_wanted_none_comes_at_once(hand: Hand) -> None:
    """0.1 s after the fence has gone."""
    assert fenced_for(hand, 120, 0) < 0.2


def test_without_the_trap_there_is_no_back_off(hand: Hand) -> None:
    """The trap has teeth: turned off, its damage falls."""
    hand.world.traps.discard("quota-back-off")
    assert fenced_for(hand, 120, 1) < 1.0


def test_endpoints_follow_their_pods_later(hand: Hand) -> None:
    """0.1-1 s after the Pod was marked its endpoint says that it ends."""

    def ends() -> list[dict[str, object]]:
        return [end["conditions"] for one in hand.world.store.list("source", "EndpointSlice", APP) for end in one["endpoints"]]

    assert ends() == [{"ready": True, "serving": True, "terminating": False}]
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.until(lambda: "deletionTimestamp" in hand.pods("source", APP)[0]["metadata"])
    took = hand.until(lambda: not any(end["ready"] for end in ends()))
    assert 0.09 <= took <= 1.1


def test_leases_are_functions_of_time_and_cost_no_event(world: World) -> None:
    """A week passes without one event, and the Lease read then is at most ten seconds old."""
    before = (world.store.get("source", "Lease", "kube-node-lease", "metal0") or {})["spec"]["renewTime"]
    world.run_until(world.now + 7 * 86400)
    after = (world.store.get("source", "Lease", "kube-node-lease", "metal0") or {})["spec"]["renewTime"]
    assert before[:10] == "2026-01-10"
    assert after[:10] == "2026-01-17"
    assert world.next_event is not None
    assert world.next_event[3][0] == "source/volsync"  # nothing is due but the next backup


def test_a_silent_node_renews_no_lease_and_is_not_ready_after_fifty_seconds(hand: Hand) -> None:
    """A frozen node: its Lease stands still, its condition turns later (real/README.md §4.19)."""
    here = hand.world.parts["town"]
    here.silent["source", "metal0"] = hand.world.now
    hand.patch("source", "Node", "", "metal0", {"metadata": {"labels": {"seen": "yes"}}})

    def ready() -> str:
        return next(str(c["status"]) for c in hand.get("source", "Node", "", "metal0")["status"]["conditions"] if c["type"] == "Ready")

    took = hand.until(lambda: ready() == "Unknown")
    assert 50 <= took <= 50.2
    lease = hand.get("source", "Lease", "kube-node-lease", "metal0")["spec"]["renewTime"]
    hand.wait(60)
    assert lease == hand.get("source", "Lease", "kube-node-lease", "metal0")["spec"]["renewTime"]


def test_a_deleted_namespace_takes_its_content_along(hand: Hand) -> None:
    """Gone some seconds later, with everything in it."""
    hand.make("target", {"kind": "Namespace", "metadata": {"name": "x"}})
    hand.make("target", {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "x"}, "data": {"a": "b"}})
    hand.delete("target", "Namespace", "", "x")
    took = hand.until(lambda: hand.get("target", "Namespace", "", "x") is None)
    assert took < 10
    assert hand.get("target", "ConfigMap", "x", "c") is None
