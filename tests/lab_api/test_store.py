"""The store below the API: versions, history, the ledger, what a copy keeps."""

from __future__ import annotations

import pickle
import random

import pytest

from portkey_migrate.lab.store import HISTORY, By, CompactedError, Object, StaleError, Store, merged

US, CONTROLLER = By("tool", session="s1", token="4.2#1"), By("some-controller")


class World:
    now = 1_768_051_800.0


@pytest.fixture
def store() -> Store:
    one = Store(World(), random.Random(1))  # noqa: S311 - repeatable by its seed
    one.add_cluster("source")
    one.add_cluster("target")
    return one


def configmap(name: str, **data: str) -> Object:
    return {"metadata": {"namespace": "a", "name": name}, "data": data}


def test_clusters_count_their_versions_apart(store: Store) -> None:
    """A write on one moves nothing on the other."""
    before = store.version("target")
    store.create("source", "ConfigMap", configmap("one"), US)
    assert store.version("target") == before


def test_equal_content_makes_no_version_and_no_event(store: Store) -> None:
    """The ledger has the line, marked as having changed nothing."""
    made = store.create("source", "ConfigMap", configmap("one", a="1"), US)
    same = store.patch("source", "ConfigMap", "a", "one", {"data": {"a": "1"}}, US)
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"] == store.version("source")
    assert [line["changed"] for line in store.ledger] == [True, False]


def test_a_write_leaves_the_old_object_as_it_was(store: Store) -> None:
    """Whoever holds the past still holds it."""
    made = store.create("source", "ConfigMap", configmap("one", a="1"), US)
    store.patch("source", "ConfigMap", "a", "one", {"data": {"a": "2"}}, US)
    assert made["data"] == {"a": "1"}
    assert store.changes("source", int(made["metadata"]["resourceVersion"]))[0].old == made


def test_the_ledger_keeps_before_and_after_for_sessions_alone(store: Store) -> None:
    """And a Secret's values only as hashes."""
    store.create("source", "Secret", {"metadata": {"namespace": "a", "name": "s"}, "data": {"k": "Y2FuYXJ5"}}, US)
    store.create("source", "ConfigMap", configmap("one"), CONTROLLER)
    ours, theirs = store.ledger
    assert (ours["token"], ours["before"], theirs.get("after")) == ("4.2#1", None, None)
    assert "Y2FuYXJ5" not in str(ours)
    assert ours["after"]["data"]["k"].startswith("sha256:")


def test_a_stale_write_is_refused(store: Store) -> None:
    """By version and by uid."""
    store.create("source", "ConfigMap", configmap("one"), US)
    with pytest.raises(StaleError):
        store.patch("source", "ConfigMap", "a", "one", {"data": {"a": "2"}}, US, expect="1")
    with pytest.raises(StaleError):
        store.delete("source", "ConfigMap", "a", "one", US, uid="another")


def test_a_pod_on_a_node_waits_for_its_node(store: Store) -> None:
    """DELETE marks it; grace 0, the node's word, ends it."""
    store.create("source", "Pod", {"metadata": {"namespace": "a", "name": "p"}, "spec": {"nodeName": "n", "terminationGracePeriodSeconds": 7}}, US)
    going = store.delete("source", "Pod", "a", "p", US)
    assert going["metadata"]["deletionGracePeriodSeconds"] == 7
    assert store.get("source", "Pod", "a", "p") is not None
    store.patch("source", "Pod", "a", "p", {"status": {"phase": "Running"}}, CONTROLLER)
    assert store.get("source", "Pod", "a", "p") is not None
    store.delete("source", "Pod", "a", "p", CONTROLLER, grace=0)
    assert store.get("source", "Pod", "a", "p") is None


def test_history_reaches_back_so_far_and_no_further(store: Store) -> None:
    """Older than that is compacted."""
    first = int(store.version("source"))
    store.create("source", "ConfigMap", configmap("one"), US)
    for n in range(HISTORY * 2):
        store.patch("source", "ConfigMap", "a", "one", {"data": {"n": str(n)}}, CONTROLLER)
    with pytest.raises(CompactedError):
        store.changes("source", first)
    assert len(store.changes("source", int(store.version("source")) - 100)) == 100
    assert len(store.history["source"]) <= HISTORY * 5 // 4


def renewed(obj: Object, now: float) -> tuple[Object, float | None]:
    """A Lease that is renewed every 10 s."""
    beat = now // 10 * 10
    return {**obj, "spec": {**obj["spec"], "renewTime": beat}}, beat + 10


def test_what_time_alone_changes_is_written_when_somebody_looks(store: Store) -> None:
    """A new version and an event for watches; nobody is woken and the ledger is silent."""
    woken: list[str] = []
    store.create("source", "Lease", {"metadata": {"namespace": "a", "name": "n1"}, "spec": {"renewTime": 0}}, CONTROLLER)
    store.on_change.append(lambda *change: woken.append(change[3]))
    store.passing["Lease"] = renewed
    lines, since = len(store.ledger), int(store.version("source"))
    store.clock.now += 25  # type: ignore[misc]  # the test's own clock
    seen = store.get("source", "Lease", "a", "n1")
    assert seen is not None
    assert seen["spec"]["renewTime"] == store.clock.now // 10 * 10
    assert [event.name for event in store.changes("source", since)] == ["n1"]
    assert (len(store.ledger), woken) == (lines, [])
    assert store.next_passing("source", "Lease") == store.clock.now // 10 * 10 + 10


def test_a_copy_goes_its_own_way(store: Store) -> None:
    """A pickle of the world is a branch."""
    store.create("source", "ConfigMap", configmap("one"), US)
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes
    copy.delete("source", "ConfigMap", "a", "one", US)
    assert store.get("source", "ConfigMap", "a", "one") is not None
    assert copy.get("source", "ConfigMap", "a", "one") is None


def test_merge_patch_is_rfc_7386() -> None:
    """Null removes, objects go in key by key, lists are one value."""
    assert merged({"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"b": None, "c": [2]}, "e": {"f": None, "g": 1}}) == {
        "a": {"c": [2]},
        "d": 2,
        "e": {"g": 1},
    }
