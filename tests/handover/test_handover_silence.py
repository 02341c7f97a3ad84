"""A node that does not answer: waited for, or, where the plan says so, its writer shut out of Ceph and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portkey_migrate.checks import by_id
from portkey_migrate.errors import Blocked
from portkey_migrate.model import Answer, Change, Ref, Seen, ok
from portkey_migrate.steps.ceph import Blocklist
from portkey_migrate.steps.workload import Scale
from portkey_migrate.systems.at import AGAIN

from .conftest import APP, NAME, WRITER, Town, lease

LATER = "2026-01-10T13:30:05.000000Z"
SCALE = Scale("source", "Deployment", NAME, NAME, 0)
STOPPED = Change(Ref("source", "Deployment", NAME, NAME), {"spec.replicas": 1}, {"spec.replicas": 0})
KNOWN = ok("open", nodes=["metal0"], addresses={"csi-vol-1": WRITER})


def _ask(town: Town, check: str, at: float) -> Answer:
    town.clock.at = at
    return by_id(check).ask(town.look())


def _proof(town: Town, at: float) -> Answer:
    town.clock.at = at
    return SCALE.proof(STOPPED, town.look())


@pytest.fixture
def fenced(town: Town) -> Town:
    town.app = replace(APP, silent_node="blocklist")
    town.checked["writer-is-known"] = KNOWN
    return town


def test_the_lease_must_change_after_the_last_pod_was_seen_gone(town: Town) -> None:
    """The order of events: a renewal that was there already proves nothing."""
    town.stopped()
    assert _ask(town, "source-is-quiet", 0).verdict == "ok"
    assert _ask(town, "node-answered", 1).verdict == "not-yet"
    town.source.put(lease("metal1", LATER))  # another machine's does not count where it is known which one wrote
    town.checked["writer-is-known"] = KNOWN
    assert _ask(town, "node-answered", 2).verdict == "not-yet"
    town.source.put(lease("metal0", LATER))
    assert _ask(town, "node-answered", 3).verdict == "ok"


def test_where_nobody_remembers_the_node_every_node_has_to_answer(town: Town) -> None:
    """After a crash with the Pod long gone one more renewal of each is waited for; a guess could be wrong."""
    town.stopped()
    assert _ask(town, "node-answered", 0).verdict == "not-yet"
    town.source.put(lease("metal0", LATER))
    assert "metal1" in _ask(town, "node-answered", 1).why
    town.source.put(lease("metal1", LATER))
    assert _ask(town, "node-answered", 2).verdict == "ok"


def test_a_pod_that_is_there_again_makes_the_noted_leases_void(town: Town) -> None:
    """Somebody started it by hand in between: what was seen before says nothing of this Pod's end."""
    gone = town.source.of("Pod", "vaultwarden-1")
    town.stopped()
    _ask(town, "source-is-quiet", 0)
    town.source.put(gone, lease("metal0", LATER))
    assert _ask(town, "node-answered", 1).verdict == "not-yet"
    town.source.drop("Pod", "vaultwarden-1")
    assert _ask(town, "node-answered", 2).verdict == "not-yet"


def test_a_silent_node_is_waited_for_where_the_plan_says_nothing(town: Town) -> None:
    """Whoever did not ask for a fence gets a person's question, however long it takes."""
    assert _proof(town, 0).verdict == "not-yet"
    assert _proof(town, 100).verdict == "not-yet"


def test_after_twenty_seconds_of_silence_the_proof_only_warns(fenced: Town) -> None:
    """And it is asked again when the patience is over, though nothing that it watches changes."""
    first = _proof(fenced, 0)
    assert (first.verdict, first.values[AGAIN]) == ("not-yet", 20.0)
    assert _proof(fenced, 19).verdict == "not-yet"
    late = _proof(fenced, 21)
    assert (late.verdict, late.values["silent"]) == ("warn", True)


def test_a_node_that_renews_its_lease_is_only_slow(fenced: Town) -> None:
    """Its Pod still flushes: shut out now it would lose what it has not written."""
    _proof(fenced, 0)
    fenced.source.put(lease("metal0", LATER))
    assert _proof(fenced, 15).verdict == "not-yet"
    assert _proof(fenced, 30).verdict == "not-yet"
    assert _proof(fenced, 36).verdict == "warn"


def test_nobody_is_shut_out_while_the_node_answers(fenced: Town) -> None:
    """And Ceph is not even asked."""
    step = Blocklist("csi-vol-1")
    at = fenced.look()
    assert step.ref(at).name == "nobody"
    assert step.wants(Seen(None), at) is None


def test_the_recorded_address_is_shut_out_once_a_look_only_warned(fenced: Town) -> None:
    """The address was read while the app ran; a frozen writer shows none."""
    fenced.checked["scale-to-0:source/vaultwarden"] = Answer("warn", {"silent": True})
    step = Blocklist("csi-vol-1")
    assert step.ref(fenced.look()) == Ref("ceph", "Blocklist", "", WRITER)
    assert step.wants(Seen(None), fenced.look()) == {"address": WRITER}


def test_without_a_recorded_address_nothing_is_shut_out_by_guess(fenced: Town) -> None:
    """The move stops there instead."""
    fenced.checked.clear()
    fenced.checked["node-answered"] = Answer("warn", {"silent": True})
    with pytest.raises(Blocked, match="address was not seen"):
        Blocklist("csi-vol-1").ref(fenced.look())


def test_with_its_entry_in_ceph_a_silent_writer_is_no_second_one(fenced: Town) -> None:
    """Asked for before every attempt to start the target: an entry that somebody took away makes it wait again."""
    fenced.stopped()
    fenced.begun["blocklist:ceph/csi-vol-1"] = Change(Ref("ceph", "Blocklist", "", WRITER), None, {"address": WRITER})
    fenced.ceph.shut_out.add(WRITER)
    assert _ask(fenced, "node-answered", 0).verdict == "warn"
    fenced.ceph.shut_out.clear()
    assert _ask(fenced, "node-answered", 1).verdict == "not-yet"


def test_a_way_back_waits_for_the_node_though_its_writer_is_shut_out(fenced: Town) -> None:
    """A scale-up would make the second writer once the entry is gone (design §3)."""
    fenced.stopped()
    fenced.begun["blocklist:ceph/csi-vol-1"] = Change(Ref("ceph", "Blocklist", "", WRITER), None, {"address": WRITER})
    fenced.ceph.shut_out.add(WRITER)
    assert _ask(fenced, "source-pods-have-ended", 0).verdict == "not-yet"
    fenced.source.put(lease("metal0", LATER))
    assert _ask(fenced, "source-pods-have-ended", 1).verdict == "ok"


def test_a_source_that_was_never_stopped_may_take_the_app_back_at_once(town: Town) -> None:
    """Nothing was scaled: there is no Pod whose end could matter."""
    town.source.drop("Pod", "vaultwarden-1")
    assert _ask(town, "source-pods-have-ended", 0).verdict == "ok"
