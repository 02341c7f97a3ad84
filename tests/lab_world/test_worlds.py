"""The worlds: each stands, serves, pickles, and keeps its secrets to itself."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml

from portkey_migrate.lab import kubeconfig, worlds
from portkey_migrate.lab.fingerprint import fingerprint
from portkey_migrate.lab.verdict import users
from portkey_migrate.lab.world import START


@pytest.mark.parametrize("name", worlds.names())
def test_every_world_stands_and_its_people_are_served_by_the_source(name: str) -> None:
    """At the first instant, with an empty ledger and nothing on its way."""
    world = worlds.make(name, 3)
    assert {one["serves"] for one in users(world).values()} == {"source"}
    assert world.now == world.started == START
    assert world.store.ledger == []


@pytest.mark.parametrize("name", worlds.names())
def test_a_copy_of_a_world_is_the_world(name: str) -> None:
    """A pickle has the same fingerprint, and goes on the same way."""
    world = worlds.make(name, 3)
    copy = pickle.loads(pickle.dumps(world))  # noqa: S301 (what the test itself pickled)
    for one in (world, copy):
        one.parts["town"].ingresses["target"].down = True
        one.store.patch("source", "Deployment", *_first(one), {"spec": {"replicas": 3}}, worlds.furnish.MAKER)
        one.run_until(one.now + 300)
    assert fingerprint(world) == fingerprint(copy)
    assert world.store.versions == copy.store.versions


def _first(world: Any) -> tuple[str, str]:
    app = next(iter(world.parts["town"].facts["apps"]))
    return app, app


def test_the_same_seed_makes_the_same_world_and_another_seed_other_luck() -> None:
    """Everything of the store is equal for one seed; uids and latencies differ with another."""
    one, two, other = worlds.make("portkey", 5), worlds.make("portkey", 5), worlds.make("portkey", 6)
    assert json.dumps(one.store.list("source", "Pod")) == json.dumps(two.store.list("source", "Pod"))
    assert (one.store.get("source", "Namespace", "", "kube-system") or {})["metadata"]["uid"] != (
        other.store.get("source", "Namespace", "", "kube-system") or {}
    )["metadata"]["uid"]
    assert fingerprint(one) == fingerprint(two)


def test_every_secret_value_and_credential_holds_the_canary(tmp_path: Path) -> None:
    """One word finds any leak: Secrets' values, tokens, the kubeconfig."""
    import base64

    world = worlds.make("portkey", 3)
    values = [value for side in ("source", "target") for one in world.store.list(side, "Secret") for value in one["data"].values()]
    assert len(values) >= 8
    assert all(world.canary in base64.b64decode(value).decode() for value in values)
    assert all(world.canary in token for tokens in world.tokens.values() for token in tokens)
    assert world.canary in kubeconfig.write(world, tmp_path)["kubeconfig"].read_text()


def test_the_kubeconfig_names_both_sides_with_an_authority_each(tmp_path: Path) -> None:
    """Two contexts, two servers, two CAs; readable by their owner alone; the settings point at it."""
    world = worlds.make("small", 3)
    paths = kubeconfig.write(world, tmp_path)
    said = yaml.safe_load(paths["kubeconfig"].read_text())
    assert [one["name"] for one in said["contexts"]] == ["source", "target"]
    assert len({one["cluster"]["certificate-authority-data"] for one in said["clusters"]}) == 2
    assert {path.stat().st_mode & 0o777 for path in paths.values()} == {0o600}
    assert yaml.safe_load(paths["settings"].read_text())["target"] == {"kubeconfig": str(paths["kubeconfig"]), "context": "target"}


def test_portkey_as_found_has_both_clusters_on_one_branch_and_no_tolerance() -> None:
    """What the commits of phase/0-ready change: frozen source, held target, tolerated hold."""
    found, ready = worlds.make("portkey-as-found", 3), worlds.make("portkey", 3)

    def said(world: Any, side: str) -> tuple[str, bool, bool]:
        app = world.store.get(side, "Application", "argocd", "speedtest")["spec"]
        appset = world.store.get(side, "ApplicationSet", "argocd", "apps")["spec"]
        return app["source"]["targetRevision"], "automated" in app["syncPolicy"], "ignoreApplicationDifferences" in appset

    assert [said(found, side) for side in ("source", "target")] == [("master", True, False), ("master", True, False)]
    assert [said(ready, side) for side in ("source", "target")] == [("k3s-frozen", True, True), ("master", False, True)]


def test_an_unknown_world_is_named_with_those_that_are_there() -> None:
    """A typo is answered with the list."""
    with pytest.raises(KeyError, match=r"no world is named portky; there are portkey, portkey-as-found, small"):
        worlds.make("portky", 1)
