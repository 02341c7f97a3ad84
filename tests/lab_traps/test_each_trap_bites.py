"""Each trap bites: what it does is seen with it, and is not seen once it is turned off. Those with teeth of their own stand in tests/teeth."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from portkey_migrate.lab import traps, worlds
from portkey_migrate.lab.frozen import freeze_where_it_runs
from portkey_migrate.lab.restic import volsync
from portkey_migrate.lab.town import town
from portkey_migrate.lab.traffic import fetch
from portkey_migrate.lab.world import World
from tests.lab_storage.conftest import APP, Hand

#: Shown in tests/teeth, by whole moves of a tool that is broken on purpose: with the trap it is caught, without it it is not.
BY_WHOLE_MOVES = {
    "binder-resync",
    "empty-success",
    "first-sync",
    "frozen-writer",
    "late-twin",
    "owner-reverts",
    "quota-back-off",
    "self-heal",
    "slow-detach",
    "stale-operation",
    "tag-adopted",
}
SOURCE, HOST = "192.168.0.224", "vaultwarden.themainfreak.com"
NGINX = "nginx.ingress.kubernetes.io/"


def blind_map(world: World) -> None:
    """A node of the target has the image open beside the source's."""
    hand = Hand(world)
    hand.stands_on_the_target()
    hand.fence("target", "10")
    hand.scale("target", 1)
    hand.until(lambda: len(hand.watchers()) == 2)


def endpoints_lag(world: World) -> None:
    """A Pod is marked, and its Service leads to it a tenth of a second later still."""
    hand = Hand(world)
    told_to_end(hand)

    def leads_there() -> bool:
        ends = [end for one in hand.all("source", "EndpointSlice", APP) for end in one["endpoints"]]
        return any(end["conditions"]["ready"] for end in ends)

    assert hand.until(lambda: not leads_there()) >= 0.05


def force_detach(world: World) -> None:
    """No attachment any more, and the Pod of the silent node is there, its image mapped."""
    hand = Hand(world)
    told_to_end(hand)
    freeze_where_it_runs(world, "source", APP, 400.0)
    took = hand.until(lambda: not hand.all("source", "VolumeAttachment"), within=390)
    assert took == pytest.approx(360.0, abs=1.0)
    assert hand.pods("source")
    assert hand.image.clients


def keep_last_one(world: World) -> None:
    """A day of backups later there is one."""
    world.run_until(world.now + 86400.0)
    kept = [one for path, one in volsync(world).repositories.items() if path.endswith(f"/repository/{APP}")]
    assert [len(one.backups) for one in kept] == [1]


def lost_operation(world: World) -> None:
    """Sent while one runs, the second is gone when that one ends, and was never run."""
    hand = Hand(world)
    for name in ("first", "second"):
        operation = {"info": [{"name": "pm", "value": name}], "sync": {"resources": [{"kind": "Service", "name": APP}]}}
        hand.patch("target", "Application", APP, {"operation": operation, "status": {"operationState": None}}, "argocd")
        hand.wait(0.1)
    hand.wait(60)
    app = hand.get("target", "Application", APP, "argocd")
    assert "operation" not in app
    assert app["status"]["operationState"]["phase"] == "Succeeded"
    assert len(app["status"]["history"]) == 1


def proxy_ssl_needs_secret(world: World) -> None:
    """What the ingress has loaded sends no name upstream, though the annotations ask for one."""
    annotations = {"backend-protocol": "HTTPS", "proxy-ssl-server-name": "on", "proxy-ssl-name": HOST}
    hand = Hand(world)
    hand.patch("source", "Ingress", APP, {"metadata": {"annotations": {NGINX + key: value for key, value in annotations.items()}}})
    hand.wait(10)
    loaded = town(world).ingresses["source"].loaded.hosts[HOST]
    assert [(one.https, one.sni) for one in loaded] == [(True, "")]


def slow_end(world: World) -> None:
    """Half a second after it was told to end the Pod is there, and answers."""
    hand = Hand(world)
    told_to_end(hand)
    hand.wait(0.5)
    answers = [world.pod_answers("source", APP, pod["metadata"]["name"], 8080, "/alive") for pod in hand.pods("source")]
    assert [one[0] for one in answers if one is not None] == [200]


def slow_reload(world: World) -> None:
    """The Ingress is another, and people are still answered by what was loaded before."""
    hand = Hand(world)
    hand.wait(10)
    there = fetch(world, SOURCE, HOST, "/alive")["status"]
    hand.patch("source", "Ingress", APP, {"metadata": {"annotations": {NGINX + "temporal-redirect": "https://elsewhere.invalid/"}}})
    hand.wait(0.2)
    assert (there, fetch(world, SOURCE, HOST, "/alive")["status"]) == (200, 200)
    hand.wait(10)
    assert fetch(world, SOURCE, HOST, "/alive")["status"] == 302


def told_to_end(hand: Hand) -> None:
    hand.hold("source")
    hand.scale("source", 0)
    hand.until(lambda: "deletionTimestamp" in hand.pods("source")[0]["metadata"])


class Shown(NamedTuple):
    by: Callable[[World], None]  # asserts what the trap does
    world: str = "portkey"


SHOWN = {
    "blind-map": Shown(blind_map),
    "endpoints-lag": Shown(endpoints_lag),
    "force-detach": Shown(force_detach),
    "keep-last-one": Shown(keep_last_one, "portkey-as-found"),
    "lost-operation": Shown(lost_operation),
    "proxy-ssl-needs-secret": Shown(proxy_ssl_needs_secret),
    "slow-end": Shown(slow_end),
    "slow-reload": Shown(slow_reload),
}


def test_every_trap_is_shown_here_or_by_whole_moves() -> None:
    """A new trap is in one of the two."""
    assert set(SHOWN) | BY_WHOLE_MOVES == set(traps.names())
    assert set(SHOWN) & BY_WHOLE_MOVES == set()


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_trap_bites(name: str, seed: int) -> None:
    """With every trap on."""
    SHOWN[name].by(worlds.make(SHOWN[name].world, seed))


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("name", sorted(SHOWN))
def test_without_it_nothing_bites(name: str, seed: int) -> None:
    """Every other trap on: the demonstration has nothing to show."""
    world = worlds.make(SHOWN[name].world, seed)
    world.traps -= {name}
    with pytest.raises(AssertionError):
        SHOWN[name].by(world)
