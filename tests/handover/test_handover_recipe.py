"""The order of the handover: what the design says of its two lists, said once more in a way that a machine can hold."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from portkey_migrate.checks import registry
from portkey_migrate.model import Change, Ref
from portkey_migrate.recipes import Ask, Go, Item, Undo, from_data, methods, to_data, what_applies
from portkey_migrate.steps import Step

from .conftest import APP, FOUND

METHOD = methods()["handover"]
FORWARD = {state: list(items) for state, items in METHOD.forward(APP, FOUND).items()}
BACK = {state: list(items) for state, items in METHOD.back(APP, FOUND).items()}
#: What stays on purpose: points in time, and the target's hold, for the app stands there ready to be moved again.
KEPT = ("restore-point-t0:ceph/csi-vol-1", "hold:target/vaultwarden")
#: Gone with what holds them: the Deployment goes with the staged sync, and its scale would wait for Pods under the fence.
GOES_WITH_ANOTHER = ("scale-to-0:target/vaultwarden",)


def _names(items: list[Item]) -> list[str]:
    return [item.name for item in items]


def _before(items: list[Item], first: str, second: str) -> bool:
    names = _names(items)
    return names.index(first) < names.index(second)


def test_its_states_are_those_of_the_design() -> None:
    """Down from quiesced until routed."""
    assert list(FORWARD) == ["prepared", "quiesced", "transferred", "started", "routed", "protected", "committed"]
    assert METHOD.down == ("quiesced", "transferred", "started")


def test_every_step_after_prepared_has_its_undo_or_is_kept() -> None:
    """Nothing that the move does is forgotten by the way back."""
    done = [item.name for state, items in FORWARD.items() if state != "prepared" for item in items if isinstance(item, Step)]
    undone = [item.step.name for item in BACK["prepared"] if isinstance(item, Undo)]
    assert sorted(set(done) - set(undone)) == sorted(KEPT)


def test_every_step_of_prepared_has_its_undo_on_the_way_to_planned() -> None:
    """The newest first."""
    done = [item.name for item in FORWARD["prepared"] if isinstance(item, Step)]
    undone = [item.step.name for item in BACK["planned"] if isinstance(item, Undo)]
    assert set(done) - set(undone) == set(GOES_WITH_ANOTHER)
    assert set(KEPT[1:]) <= set(undone)
    assert undone[0] == done[-1]
    assert undone[-1] == done[0]


def test_go_is_asked_last_before_the_fence() -> None:
    """After holds and the proved backup; what follows begins the outage."""
    items = FORWARD["quiesced"]
    go = next(n for n, item in enumerate(items) if isinstance(item, Go))
    before, after = _names(items[:go]), [item for item in items[go:] if isinstance(item, Step)]
    assert {"hold:source/vaultwarden", "safety-backup:source/vaultwarden", "backup-is-real", "writer-is-known"} <= set(before)
    assert after[0].name == "fence-on:source/vaultwarden"


def test_no_pod_of_the_target_can_start_before_the_source_was_seen_quiet() -> None:
    """Asked at its place, and again before every attempt of the scale."""
    items = FORWARD["started"]
    scale = next(item for item in items if isinstance(item, Step) and item.name == "scale-up:target/vaultwarden")
    assert set(scale.first) == {"source-is-quiet", "image-has-no-watcher", "node-answered"}
    for check in scale.first:
        assert _before(items, check, "fence-off:target/vaultwarden")


def test_the_source_starts_only_when_its_pods_have_ended() -> None:
    """Fence, scale and the entry in Ceph's blocklist alike."""
    asks = {item.step.name: item.asks for item in BACK["prepared"] if isinstance(item, Undo) and item.asks}
    wanted = {"fence-on:source/vaultwarden", "scale-to-0:source/vaultwarden", "blocklist:ceph/csi-vol-1"}
    assert asks == dict.fromkeys(wanted, ("source-pods-have-ended",))
    assert METHOD.may_go_back == ("source-pods-have-ended",)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("hold:target/vaultwarden", "close:source/vaultwarden"),
        ("answers-503", "undo-fence-off:target/vaultwarden"),
        ("undo-fence-off:target/vaultwarden", "undo-scale-up:target/vaultwarden"),
        ("target-node-answered", "restore-point-rb:ceph/csi-vol-1"),
        ("restore-point-rb:ceph/csi-vol-1", "undo-blocklist:ceph/csi-vol-1"),
        ("undo-blocklist:ceph/csi-vol-1", "undo-fence-on:source/vaultwarden"),
        ("undo-fence-on:source/vaultwarden", "undo-scale-to-0:source/vaultwarden"),
        ("source-answers", "undo-route:source/vaultwarden"),
        ("seen-at-the-source", "undo-sync-source:target/vaultwarden"),
        ("undo-safety-backup:source/vaultwarden", "undo-hold:source/vaultwarden"),
    ],
)
def test_the_way_back_has_the_order_that_keeps_writes(first: str, second: str) -> None:
    """The list of design §3, pair by pair."""
    assert _before(BACK["prepared"], first, second)


def _begun(*names: str) -> dict[str, Change]:
    return {name: Change(Ref("source", "X", "", "x"), {}, {}) for name in names}


def test_a_way_back_before_the_pivot_never_touches_the_target_that_was_not_begun() -> None:
    """A dead API of the target cannot stand in its way."""
    begun = _begun("hold:source/vaultwarden", "safety-backup:source/vaultwarden", "fence-on:source/vaultwarden", "scale-to-0:source/vaultwarden")
    items = list(what_applies(BACK["prepared"], begun, crossed=False))
    assert _names(items) == [
        "undo-fence-on:source/vaultwarden",
        "undo-scale-to-0:source/vaultwarden",
        "source-has-the-one-watcher",
        "source-answers",
        "seen-at-the-source",
        "undo-safety-backup:source/vaultwarden",
        "undo-hold:source/vaultwarden",
    ]


def test_from_every_point_no_look_of_the_way_back_waits_for_a_later_item() -> None:
    """Whatever was begun when it died: what a look needs stands before it, in the list that is left."""
    needs = {
        "target-is-quiet": {"undo-scale-up:target/vaultwarden"},
        "target-node-answered": {"undo-scale-up:target/vaultwarden"},
        "undo-scale-to-0:source/vaultwarden": {"undo-fence-on:source/vaultwarden", "undo-blocklist:ceph/csi-vol-1"},
        "source-has-the-one-watcher": {"undo-scale-to-0:source/vaultwarden", "undo-scale-up:target/vaultwarden"},
        "source-answers": {"undo-scale-to-0:source/vaultwarden"},
        "seen-at-the-source": {"undo-route:source/vaultwarden", "undo-scale-to-0:source/vaultwarden"},
    }
    steps = [item.name for item in chain.from_iterable(FORWARD.values()) if isinstance(item, Step)]
    route = steps.index("route:source/vaultwarden")
    for point in range(len(steps) + 1):
        left = _names(list(what_applies(BACK["prepared"], _begun(*steps[:point]), crossed=point > route)))
        for look, wanted in needs.items():
            if look in left:
                late = set(left[left.index(look) :]) & wanted
                assert not late, f"after {point} steps {look} waits for {late}"


def test_every_item_is_made_again_from_its_row() -> None:
    """A recorded row is enough: the plan may be edited meanwhile."""
    for item in chain.from_iterable([*FORWARD.values(), *BACK.values()]):
        assert from_data(to_data(item)) == item
        if isinstance(item, Ask):
            assert item.check in registry()


def test_an_app_without_a_backup_has_no_step_of_one() -> None:
    """The documents know such apps (actualbudget): the restore point is theirs."""
    names = _names(list(chain.from_iterable(METHOD.forward(APP, replace(FOUND, backup="")).values())))
    assert not [name for name in names if "backup" in name or "sync-source" in name]
    assert "restore-point-t0:ceph/csi-vol-1" in names
