"""What a rehearsal lists as waited for: inside the outage, with its reason, and nothing else."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from portkey_migrate.rehearse import waits


def _said(*events: dict[str, Any]) -> Any:
    lines = [json.dumps({"subject": "app/vaultwarden", **event}) for event in events]
    return SimpleNamespace(err="\n".join(["This is the lab.", *lines, "✖ PKM-0611 app/vaultwarden is on K3s", '{"event": "wa']))


def test_a_wait_inside_an_outage_is_listed_with_what_it_was_for_and_how_long() -> None:
    """Once a step, however often it was said; the step's own end says how long it was."""
    wait = {"event": "wait", "name": "node-answered", "waits_for": "the node's next Lease", "down": 9.0}
    ran = _said(wait, {**wait, "for": 2.0}, {"event": "check", "name": "node-answered", "took": 4.8721, "down": 13.0})
    assert waits.of([ran], "app/vaultwarden") == [{"what": "the node's next Lease", "at": "node-answered", "seconds": 4.872}]


def test_what_was_waited_for_while_people_were_served_is_not_listed() -> None:
    """The safety backup takes minutes, and nobody is down."""
    ran = _said(
        {"event": "wait", "name": "safety-backup", "waits_for": "the safety backup"},
        {"event": "step", "name": "safety-backup", "took": 156.0},
        {"event": "wait", "name": "scale-up", "waits_for": "", "down": 3.0},
        {"event": "step", "name": "scale-up", "took": 8.0, "down": 11.0},
    )
    assert waits.of([ran], "app/vaultwarden") == []


def test_events_are_asked_of_the_verbs_that_tell_them() -> None:
    """`resolve` and the others have no such option."""
    assert (waits.asked_for(("advance", "app", "x")), waits.asked_for(("resolve", "7.4"))) == (("--events", "jsonl"), ())
