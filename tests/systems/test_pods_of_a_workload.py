"""Which Pods are a workload's: also when it is gone, or was made anew under its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portkey_migrate.model import Ref
from portkey_migrate.systems.at import At

WORKLOAD = Ref("source", "Deployment", "a", "web")
Things = dict[str, list[dict[str, Any]]]


class Cluster:
    """Lists what it holds, and counts what it is asked."""

    def __init__(self, things: Things) -> None:
        self.things, self.asked = things, list[str]()

    def list(self, kind: str, namespace: str) -> tuple[Sequence[Mapping[str, Any]], str]:
        self.asked.append(kind)
        return self.things[kind], "1"


def deployment(**labels: str) -> dict[str, Any]:
    return {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": labels}}}


def pod(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


def look(at: At) -> list[str]:
    return [one["metadata"]["name"] for one in at.fresh().pods(WORKLOAD)]


def at_of(cluster: Cluster) -> At:
    nobody: Any = None
    systems: Any = {"source": cluster}
    return At("app/a", "", nobody, systems, nobody, nobody)


def test_a_pod_is_seen_when_its_owner_is_gone() -> None:
    """It may still write; and the owner is listed once, for its selector cannot be changed."""
    cluster = Cluster({"Deployment": [deployment(app="web")], "Pod": [pod("web-1", app="web"), pod("other", app="x")]})
    at = at_of(cluster)
    assert look(at) == ["web-1"]
    cluster.things["Deployment"] = []
    assert look(at) == ["web-1"]
    assert cluster.asked == ["Deployment", "Pod", "Pod"]


def test_a_workload_made_anew_is_seen_by_both_selectors_once_it_is_listed() -> None:
    """Whoever lists it in a look anyway has its new one."""
    cluster = Cluster({"Deployment": [deployment(app="web")], "Pod": [pod("old", app="web"), pod("new", app="web2")]})
    at = at_of(cluster)
    assert look(at) == ["old"]
    cluster.things["Deployment"] = [deployment(app="web2")]
    at.fresh().list("source", "Deployment", "a")
    assert [one["metadata"]["name"] for one in at.pods(WORKLOAD)] == ["old", "new"]


def test_a_workload_never_seen_has_no_pods() -> None:
    """And nothing is listed for it but itself."""
    cluster = Cluster({"Deployment": [], "Pod": [pod("web-1", app="web")]})
    assert look(at_of(cluster)) == []
    assert cluster.asked == ["Deployment"]
