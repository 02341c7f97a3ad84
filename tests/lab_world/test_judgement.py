"""Verdict, fingerprint and differences: computed from ledger and intervals alone."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab.fingerprint import allowed, differences, fingerprint, normal
from portkey_migrate.lab.verdict import double_effects, leftovers, verdict

Hand = Any
APP = "speedtest"


def judged(hand: Hand, state: str, **more: Any) -> dict[str, Any]:
    return verdict(hand.world, {"apps": [{"name": APP, "method": "stateless", "state": state}], "stands": {f"app/{APP}": state}, **more})


def test_a_world_that_nobody_touched_is_clean(hand: Hand) -> None:
    """Planned, served by the source, nothing of ours in it."""
    hand.wait(200)
    said = judged(hand, "planned")
    assert (said["verdict"], said["reasons"]) == ("clean", [])
    assert said["apps"][0]["acknowledged"] == {"source": 200, "target": 0}


def test_an_outage_is_counted_to_the_second_and_is_not_clean(hand: Hand) -> None:
    """Source at 0 until it is back: down from the last Pod's end to the route's return."""
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.wait(60)
    said = judged(hand, "planned")
    assert said["verdict"] == "not-clean"
    assert 45 < said["apps"][0]["outage_seconds"] < 60
    assert any("was down" in reason for reason in said["reasons"])
    assert any("served by none" in reason for reason in said["reasons"])


def test_of_an_outage_the_tools_own_part_is_told_apart(hand: Hand) -> None:
    """Computing counts by the wall, chosen waits by the clock, and only while people are down."""
    hand.world.engine_log.append((hand.world.now + 1, "computed", 0.0, 9.0))  # nobody is down yet
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.wait(30)
    hand.world.engine_log += [(hand.world.now - 1, "computed", 0.0, 0.25), (hand.world.now - 1, "chose", 0.5, 0.0)]
    assert judged(hand, "planned")["apps"][0]["engine_outage_seconds"] == 0.75


def test_a_step_that_changed_an_object_twice_is_a_double_effect(hand: Hand) -> None:
    """Two attempts of one row, both of which changed the world."""
    for attempt, to in enumerate((3, 4), 1):
        hand.patch("source", "Deployment", APP, APP, {"spec": {"replicas": to}}, token=f"7.2#{attempt}")
    assert double_effects(hand.world) == ["7.2 on source/Deployment/speedtest/speedtest 2 times"]


def test_two_steps_and_a_repeat_that_changed_nothing_are_none(hand: Hand) -> None:
    """Equal content a second time is no effect; another row is another step."""
    for token in ("7.2#1", "7.2#2"):
        hand.patch("source", "Deployment", APP, APP, {"spec": {"replicas": 3}}, token=token)
    hand.patch("source", "Deployment", APP, APP, {"spec": {"replicas": 1}}, token="7.3#1")
    assert double_effects(hand.world) == []


def test_what_carries_our_name_is_listed_and_at_planned_not_clean(hand: Hand) -> None:
    """A fence that stayed behind."""
    hand.fence("source", APP, "1000000")
    hand.wait(5)
    assert [one["object"] for one in leftovers(hand.world)] == ["source/ResourceQuota/speedtest/pm-fence"]
    assert judged(hand, "planned")["reasons"] == ["left behind: source/ResourceQuota/speedtest/pm-fence"]


def test_a_difference_that_nobody_allowed_is_not_clean(hand: Hand) -> None:
    """It is named with object and field."""
    before = normal(hand.world)
    hand.patch("source", "ConfigMap", APP, f"{APP}-config", {"metadata": {"labels": {"x": "y"}}})
    said = judged(hand, "planned", differences=differences(before, hand.world))
    assert said["reasons"] == ["not allowed to differ: source/ConfigMap/speedtest/speedtest-config metadata.labels.x"]


def test_a_pod_that_was_made_anew_leaves_the_same_fingerprint(hand: Hand) -> None:
    """Another name, another address, another time: the same world."""
    before, name = fingerprint(hand.world), hand.pods("source", APP)[0]["metadata"]["name"]
    hand.delete("source", "Pod", APP, name)
    hand.wait(60)
    assert hand.pods("source", APP)[0]["metadata"]["name"] != name
    assert fingerprint(hand.world) == before


def test_a_key_of_ours_is_written_k(hand: Hand) -> None:
    """Two goes under two keys look alike."""
    before = normal(hand.world)
    prints = []
    for key in ("pm-ab12-1", "pm-ab12-7"):
        hand.make("source", {"kind": "ConfigMap", "metadata": {"name": key, "namespace": APP, "annotations": {"portkey-migrate.io/made-by": key}}})
        prints.append(fingerprint(hand.world))
        assert [one["object"] for one in differences(before, hand.world)] == [f"source/ConfigMap/{APP}/K"]
        hand.delete("source", "ConfigMap", APP, key)
    assert prints[0] == prints[1]


def test_a_secrets_difference_shows_no_value(hand: Hand) -> None:
    """That it differs, never what it is."""
    before = normal(hand.world)
    there = hand.get("source", "Secret", APP, f"{APP}-secret")["data"]["STATS_PASSWORD"]
    hand.patch("source", "Secret", APP, f"{APP}-secret", {"data": {"STATS_PASSWORD": "bmV3"}})
    line = differences(before, hand.world)[0]
    assert line["field"] == "data.STATS_PASSWORD"
    assert there not in str(line)


def test_the_reviewed_list_has_no_wildcards_and_a_reason_each() -> None:
    """One object and one field a line."""
    for line in allowed():
        assert "*" not in line.object + line.field
        assert len(line.reason) > 20
