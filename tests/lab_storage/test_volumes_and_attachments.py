"""Binder, provisioner, attachments and maps, at the measured times (real/ C and §4; domain §1.D)."""

from __future__ import annotations

from typing import Any

import pytest

from portkey_migrate.lab import data, worlds
from portkey_migrate.lab.ceph import ceph
from portkey_migrate.lab.world import World

Hand = Any
APP = "vaultwarden"


def ref() -> dict[str, str]:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": APP, "name": APP}


def carried(hand: Hand) -> dict[str, Any]:
    return {**hand.volume["spec"], "claimRef": ref(), "persistentVolumeReclaimPolicy": "Retain"}


def on_target(hand: Hand, kind: str, name: str, namespace: str = APP) -> str:
    found = hand.get("target", kind, name, namespace)
    return str(found["status"]["phase"]) if found is not None else ""


def space(hand: Hand) -> None:
    hand.world.store.create("target", "Namespace", {"metadata": {"name": APP}}, hand_by())


def hand_by() -> Any:
    from portkey_migrate.lab.store import By

    return By("somebody", session="1")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_claim_that_comes_after_its_available_volume_is_bound_at_once(seed: int, hand: Hand) -> None:
    """Available 0.3-16 s after the POST, then bound within 0.07 s (real/ C, n=6; domain §2.3 c7-c8)."""
    hand = type(hand)(worlds.make("portkey", seed))
    name = hand.volume["metadata"]["name"]
    space(hand)
    hand.make("target", "PersistentVolume", name, carried(hand), "")
    took = hand.until(lambda: on_target(hand, "PersistentVolume", name, "") == "Available")
    assert 0.3 <= took <= 16.1
    claim = hand.make("target", "PersistentVolumeClaim", APP, {**hand.get("source", "PersistentVolumeClaim", APP)["spec"]})
    assert hand.until(lambda: on_target(hand, "PersistentVolumeClaim", APP) == "Bound") <= 0.07
    assert hand.get("target", "PersistentVolume", name, "")["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
    assert hand.get("target", "PersistentVolumeClaim", APP)["metadata"]["annotations"] == {"pv.kubernetes.io/bind-completed": "yes"}


def test_a_claim_that_was_there_first_waits_for_the_binders_next_round(hand: Hand) -> None:
    """0.6-29.7 s were measured; that would be outage (trap binder-resync; real/README.md §4.1)."""
    name = hand.volume["metadata"]["name"]
    space(hand)
    hand.make("target", "PersistentVolumeClaim", APP, {**hand.get("source", "PersistentVolumeClaim", APP)["spec"]})
    hand.wait(1)
    assert on_target(hand, "PersistentVolumeClaim", APP) == "Pending"
    hand.make("target", "PersistentVolume", name, carried(hand), "")
    hand.until(lambda: on_target(hand, "PersistentVolume", name, "") == "Available")
    assert 0.6 <= hand.until(lambda: on_target(hand, "PersistentVolumeClaim", APP) == "Bound") <= 30.1


def test_a_claim_of_another_name_does_not_get_a_reserved_volume(hand: Hand) -> None:
    """A claimRef without uid reserves it for that name alone (real/ C)."""
    name = hand.volume["metadata"]["name"]
    space(hand)
    hand.make("target", "PersistentVolume", name, carried(hand), "")
    hand.until(lambda: on_target(hand, "PersistentVolume", name, "") == "Available")
    hand.make("target", "PersistentVolumeClaim", "other", {**hand.get("source", "PersistentVolumeClaim", APP)["spec"]})
    hand.wait(60)
    assert on_target(hand, "PersistentVolumeClaim", "other") == "Pending"


@pytest.mark.parametrize(("policy", "stays"), [("Delete", False), ("Retain", True)])
def test_the_reclaim_policy_decides_over_the_image(policy: str, stays: bool, hand: Hand) -> None:  # noqa: FBT001 (a parameter of the table)
    """With Delete the image goes with its claim, once nobody has it open (domain B40)."""
    hand.hold("source")
    hand.patch("source", "PersistentVolume", hand.volume["metadata"]["name"], {"spec": {"persistentVolumeReclaimPolicy": policy}}, "")
    name, image = hand.volume["metadata"]["name"], hand.image
    hand.scale("source", 0)
    hand.delete("source", "PersistentVolumeClaim", APP)
    hand.wait(60)
    assert (ceph(hand.world).image(image.pool, image.name) is not None) is stays
    assert (hand.get("source", "PersistentVolume", name, "") is not None) is stays


def test_a_released_volume_whose_uid_is_cleared_is_available_again(hand: Hand) -> None:
    """0.03 s, reserved for that name; as it is it would bind nobody (real/ C)."""
    hand.hold("source")
    volume = hand.volume["metadata"]["name"]
    hand.patch("source", "PersistentVolume", volume, {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}, "")
    hand.scale("source", 0)
    hand.delete("source", "PersistentVolumeClaim", APP)
    hand.until(lambda: hand.get("source", "PersistentVolume", volume, "")["status"]["phase"] == "Released")
    hand.patch("source", "PersistentVolume", volume, {"spec": {"claimRef": {"uid": None}}}, "")
    assert hand.until(lambda: hand.get("source", "PersistentVolume", volume, "")["status"]["phase"] == "Available") <= 0.05


def test_a_volume_that_is_deleted_right_after_its_claim_goes_too(hand: Hand) -> None:
    """Its protection ends with the binding, whichever of the two is seen first (real/ C: Released within 0.05 s)."""
    hand.stands_on_the_target()
    hand.delete("target", "PersistentVolumeClaim", APP)
    hand.delete("target", "PersistentVolume", hand.volume["metadata"]["name"], "")
    hand.until(lambda: not hand.all("target", "PersistentVolume"), within=1)
    assert hand.image.name  # Retain: the image stays


def test_with_the_drivers_own_look_a_second_map_waits(hand: Hand, world: World) -> None:
    """Without the trap ceph-csi refuses: the image is still being used (domain B41)."""
    world.traps.discard("blind-map")
    hand.stands_on_the_target()
    hand.fence("target", "10")
    hand.scale("target", 1)
    hand.wait(60)
    assert len(hand.watchers()) == 1


def test_a_pod_that_is_gone_lets_go_in_three_steps(hand: Hand) -> None:
    """Pod, then watcher, then attachment, 1-6 s (trap slow-detach; lab.md 10a; domain B41)."""
    hand.hold("source")
    hand.scale("source", 0)
    hand.until(lambda: not hand.pods("source"))
    assert hand.watchers()
    assert hand.all("source", "VolumeAttachment")
    first = hand.until(lambda: not hand.watchers())
    assert hand.all("source", "VolumeAttachment")
    second = hand.until(lambda: not hand.all("source", "VolumeAttachment"))
    assert second > 0
    assert 0.6 <= first + second <= 6.1


def test_inside_one_cluster_a_second_node_waits_for_the_volume(hand: Hand, world: World) -> None:
    """ReadWriteOnce: Multi-Attach error, the Pod stays ContainerCreating (domain B41)."""
    node = hand.pods("source")[0]["spec"]["nodeName"]
    other = next(one["metadata"]["name"] for one in hand.all("source", "Node") if one["metadata"]["name"] != node)
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": APP}}]
    image = next(iter(world.parts["town"].images))
    spec = {"nodeSelector": {"kubernetes.io/hostname": other}, "containers": [{"name": "x", "image": image}], "volumes": volumes}
    hand.make("source", "Pod", "second", spec)
    hand.wait(120)
    assert hand.get("source", "Pod", "second")["status"]["phase"] == "Pending"
    assert len(hand.all("source", "VolumeAttachment")) == 1


def test_the_other_cluster_maps_the_same_image_and_two_write(hand: Hand, world: World) -> None:
    """Nothing of Kubernetes stops it: the two clusters do not know of each other (trap blind-map; domain B41)."""
    hand.stands_on_the_target()
    hand.fence("target", "10")
    hand.scale("target", 1)
    hand.until(lambda: len(hand.watchers()) == 2)
    hand.wait(30)
    both = data.doubles(world, APP, world.started)
    assert both.same_image == pytest.approx(30.0)
    assert both.split_brain == 0.0


def test_without_the_drivers_secret_the_image_is_not_mapped(hand: Hand) -> None:
    """Fetching NodeStageSecretRef … not found: the Pod stays ContainerCreating until it is there (domain B36)."""
    hand.stands_on_the_target()
    secret = hand.get("target", "Secret", "rook-csi-rbd-node", "rook-ceph")
    hand.delete("target", "Secret", "rook-csi-rbd-node", "rook-ceph")
    hand.hold("source")
    hand.scale("source", 0)
    hand.until(lambda: not hand.watchers())
    hand.fence("target", "10")
    hand.scale("target", 1)
    hand.wait(120)
    assert hand.pods("target")[0]["status"]["phase"] == "Pending"
    assert not hand.watchers()
    metadata = {"name": "rook-csi-rbd-node", "namespace": "rook-ceph"}
    hand.world.store.create("target", "Secret", {"metadata": metadata, "data": secret["data"]}, hand_by())
    hand.until(lambda: hand.pods("target")[0]["status"]["phase"] == "Running")
    assert hand.watchers()


def test_a_disruption_budget_of_one_allows_no_eviction_and_asks_no_scale(hand: Hand) -> None:
    """At least 1 with one replica (portkey/cluster.md; real/ C, Eviction)."""
    status = hand.get("source", "PodDisruptionBudget", APP)["status"]
    assert (status["currentHealthy"], status["desiredHealthy"], status["disruptionsAllowed"]) == (1, 1, 0)
    hand.hold("source")
    hand.scale("source", 0)
    hand.until(lambda: not hand.pods("source"))
    hand.wait(1)
    assert hand.get("source", "PodDisruptionBudget", APP)["status"]["expectedPods"] == 0


def test_a_stateful_set_has_a_claim_for_each_pod_and_keeps_it(hand: Hand, world: World) -> None:
    """Ordinals one after the other; what they claimed outlives them (domain B90, §2.3)."""
    image = next(iter(world.parts["town"].images))
    labels = {"app": "db"}
    wanted = {"accessModes": ["ReadWriteOnce"], "storageClassName": "ceph-block", "resources": {"requests": {"storage": "1Gi"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "db", "image": image}]}}
    spec = {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": labels}, "template": template}
    hand.make("source", "StatefulSet", "db", {**spec, "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": wanted}]})
    hand.until(lambda: hand.get("source", "StatefulSet", "db").get("status", {}).get("readyReplicas") == 2, within=120)
    assert [hand.get("source", "PersistentVolumeClaim", f"data-db-{n}")["status"]["phase"] for n in (0, 1)] == ["Bound", "Bound"]
    hand.patch("source", "StatefulSet", "db", {"spec": {"replicas": 0}})
    hand.until(lambda: hand.get("source", "Pod", "db-0") is None, within=120)
    assert hand.get("source", "Pod", "db-1") is None
    assert hand.get("source", "PersistentVolumeClaim", "data-db-1") is not None
