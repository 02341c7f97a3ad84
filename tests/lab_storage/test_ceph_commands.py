"""`rbd` and `ceph` through argv: codes and shapes as measured (real/ceph.md §2-§7)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portkey_migrate.lab.world import World

Hand = Any


def told(hand: Hand, *argv: str) -> Any:
    return hand.run(*argv)


def test_every_command_costs_three_to_six_tenths(hand: Hand) -> None:
    """As through an exec into the toolbox (lab.md 10a)."""
    assert all(0.3 <= told(hand, "rbd", "status", hand.spec)["takes"] <= 0.6 for _ in range(20))


def test_status_names_who_has_it_open(hand: Hand) -> None:
    """One watcher, at the address of the Pod's node."""
    (watcher,) = json.loads(told(hand, "rbd", "--client-mount-timeout", "5", "status", hand.spec, "--format", "json")["stdout"])["watchers"]
    assert set(watcher) == {"address", "client", "cookie"}
    node = hand.get("source", "Node", hand.pods("source")[0]["spec"]["nodeName"], "")
    assert watcher["address"].startswith(f"{node['status']['addresses'][0]['address']}:0/")


def test_a_snapshot_is_made_once(hand: Hand) -> None:
    """The second time 17, and it is listed with its booleans as strings."""
    assert told(hand, "rbd", "snap", "create", f"{hand.spec}@t0")["code"] == 0
    again = told(hand, "rbd", "snap", "create", f"{hand.spec}@t0")
    assert (again["code"], "rbd: failed to create snapshot: (17) File exists" in again["stderr"]) == (17, True)
    (one,) = json.loads(told(hand, "rbd", "snap", "ls", hand.spec, "--format", "json")["stdout"])
    assert (one["name"], one["protected"], set(one)) == ("t0", "false", {"id", "name", "size", "protected", "timestamp"})


def test_diff_is_empty_where_nothing_was_written(hand: Hand) -> None:
    """And about a record each where something was; a failing one prints `[]` too (2)."""
    told(hand, "rbd", "snap", "create", f"{hand.spec}@t0")
    diff = ("rbd", "diff", "--from-snap", "t0", hand.spec, "--format", "json")
    assert told(hand, *diff)["stdout"] == "[]"
    hand.wait(5)
    extents = json.loads(told(hand, *diff)["stdout"])
    assert len(extents) == 10
    assert extents[0]["exists"] == "true"
    failed = told(hand, "rbd", "diff", "--from-snap", "never", hand.spec, "--format", "json")
    assert (failed["code"], failed["stdout"]) == (2, "[]")


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("rbd", "status", "ceph-blockpool/none"), 2),
        (("rbd", "info", "ceph-blockpool/none", "--format", "json"), 2),
        (("rbd", "status"), 22),
        (("rbd", "frobnicate", "x"), 1),
        (("rbd", "status", "x", "--nonsense"), 1),
        (("rbd", "rm", "SPEC"), 16),
        (("rbd", "snap", "create", "SPEC"), 22),
        (("rbd", "snap", "create", "SPEC@x", "--format", "json"), 1),
        (("rbd", "snap", "rm", "SPEC@never"), 2),
        (("ceph", "osd", "blocklist", "add", "nonsense"), 22),
        (("ceph", "osd", "blocklist", "add", "192.168.0.11"), 13),
        (("ceph", "osd", "blocklist", "rm", "192.0.2.1:0/1"), 0),
        (("ceph", "osd", "frobnicate"), 22),
        (("ceph", "fsid"), 0),
    ],
)
def test_exit_codes(argv: tuple[str, ...], code: int, hand: Hand) -> None:
    """Of the table of real/ceph.md §7."""
    assert told(hand, *(word.replace("SPEC", hand.spec) for word in argv))["code"] == code


def test_the_blocklist_is_a_document_followed_by_another(hand: Hand, world: World) -> None:
    """Not valid JSON as it stands; without the cap nobody takes an entry away (13; real/README.md §4.16)."""
    (address,) = hand.watchers()
    assert told(hand, "ceph", "osd", "blocklist", "add", address, "600")["code"] == 0
    text = told(hand, "ceph", "osd", "blocklist", "ls", "--format", "json")["stdout"]
    first, end = json.JSONDecoder().raw_decode(text.strip())
    assert ([one["addr"] for one in first], text.strip()[end:]) == ([address], "[]")
    assert hand.serves() == "none"
    world.parts["ceph"].caps["blocklist-rm"] = False
    assert told(hand, "ceph", "osd", "blocklist", "rm", address)["code"] == 13
    hand.wait(601)
    assert told(hand, "ceph", "osd", "blocklist", "ls", "--format", "json")["stdout"].strip() == "[]"


def test_what_a_command_changed_stands_in_the_ledger(hand: Hand, world: World) -> None:
    """With the session of whoever ran it; a look leaves nothing."""
    world.store.ledger.clear()
    told(hand, "rbd", "status", hand.spec)
    assert world.store.ledger == []
    world.caller = "s4"
    told(hand, "rbd", "snap", "create", f"{hand.spec}@t0")
    (line,) = world.store.ledger
    assert (line["cluster"], line["session"], line["kind"], line["changed"]) == ("ceph", "s4", "Snapshot", True)
