"""What an app is made of is read from the source, and refused with its reason where a method could not carry it whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from portkey_migrate.errors import Blocked, NotServed
from portkey_migrate.model import Member
from portkey_migrate.systems.found import find

from .conftest import APP, FOUND, Clusters, thing

DEPLOYMENT, INGRESS, SERVICE = ("Deployment", "speedtest", "speedtest"), ("Ingress", "speedtest", "speedtest"), ("Service", "speedtest", "speedtest")


def test_names_and_numbers_come_from_the_live_source(clusters: Clusters) -> None:
    """Members, host, Service by its port's name, TLS apart from the other Secrets, both addresses."""
    assert find(APP, clusters.look()) == FOUND


def test_the_application_says_which_namespace(clusters: Clusters) -> None:
    """Argo CD's destination wins over the app's name."""
    clusters.source.objects["Application", "argocd", "speedtest"]["spec"]["destination"] = {"namespace": "elsewhere"}
    for kind, namespace, name in [at for at in clusters.source.objects if at[1] == "speedtest"]:
        one = clusters.source.objects.pop((kind, namespace, name))
        one["metadata"]["namespace"] = "elsewhere"
        clusters.source.put(one)
    assert find(APP, clusters.look()).namespace == "elsewhere"


def test_a_source_without_argo_cd_can_be_planned_for(clusters: Clusters) -> None:
    """The app's own name is its namespace then; the guards refuse, and name the API."""
    clusters.source.unserved = {"Application"}
    assert find(APP, clusters.look()) == FOUND


def test_an_app_with_data_is_not_read_where_its_backups_cannot_be(clusters: Clusters) -> None:
    """A source without VolSync is no source without a backup: the safety backup would be left out without a word."""
    clusters.source.unserved = {"ReplicationSource"}
    with pytest.raises(NotServed, match="ReplicationSource"):
        find(replace(APP, method="handover"), clusters.look())


def test_every_way_to_read_a_secret_is_followed(clusters: Clusters) -> None:
    """Environment, single keys, volumes, projected ones, init containers; an optional one only where it is there."""
    spec = clusters.source.objects[DEPLOYMENT]["spec"]["template"]["spec"]
    spec["initContainers"] = [{"name": "i", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "init", "key": "a"}}}]}]
    spec["volumes"] = [
        {"name": "a", "secret": {"secretName": "mounted"}},
        {"name": "b", "projected": {"sources": [{"secret": {"name": "projected"}}, {"configMap": {"name": "no"}}]}},
        {"name": "c", "secret": {"secretName": "maybe", "optional": True}},
        {"name": "d", "secret": {"secretName": "speedtest-tls"}},
    ]
    assert find(APP, clusters.look()).secrets == ("init", "keys", "mounted", "projected")


def test_an_app_of_two_kinds_has_them_in_the_plans_order(clusters: Clusters) -> None:
    """The order of the plan is the order in which they start."""
    clusters.source.put(thing("StatefulSet", "cache", spec={"replicas": 2, "selector": {}, "template": {"metadata": {}, "spec": {"containers": []}}}))
    members = find(replace(APP, members=("cache", "speedtest")), clusters.look()).members
    assert members == (Member("StatefulSet", "cache", 2), Member("Deployment", "speedtest", 1))


def test_a_target_without_an_ingress_yet_is_no_fault_of_the_app(clusters: Clusters) -> None:
    """Its address is empty; what needs it says so when its turn comes."""
    del clusters.target.objects["Service", "ingress-nginx", "ingress-nginx-controller"]
    assert find(APP, clusters.look()).target_address == ""


def _rules(c: Clusters) -> Any:
    return c.source.objects[INGRESS]["spec"]["rules"]


def _second_backend(c: Clusters) -> None:
    _rules(c)[0]["http"]["paths"].append({"path": "/x", "backend": {"service": {"name": "other", "port": {"number": 1}}}})


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (lambda c: c.source.objects.pop(DEPLOYMENT), "neither a Deployment nor a StatefulSet of namespace speedtest"),
        (lambda c: c.source.objects.pop(INGRESS), "namespace speedtest has none"),
        (lambda c: c.source.put(thing("Ingress", "second", spec={})), "namespace speedtest has second, speedtest"),
        (lambda c: _rules(c).append({"host": "b.example.org"}), "serves b.example.org, speedtest.example.org; exactly one host"),
        (lambda c: _rules(c)[0].update({"host": "*.example.org"}), r"serves \*\.example\.org"),
        (_second_backend, "leads to 2 backends"),
        (lambda c: c.source.objects.pop(SERVICE), "leads to Service speedtest, which is not there"),
        (lambda c: c.source.objects[SERVICE]["spec"].update({"selector": {"app": "x"}}), "leads to Pods of none of its members"),
        (lambda c: c.source.objects[SERVICE]["spec"].update({"ports": [{"port": 9}]}), "has no port http"),
        (lambda c: c.source.put(thing("Ingress", "o", "other", spec={"rules": [{"host": FOUND.host}]})), "is also served by Ingress other/o"),
        (lambda c: c.source.objects.pop(("Service", "ingress-nginx", "ingress-nginx-controller")), "has no address"),
    ],
)
def test_what_cannot_be_carried_whole_is_refused_with_its_reason(clusters: Clusters, odd: Callable[[Clusters], Any], words: str) -> None:
    """Before anything is begun, under the id of a check."""
    odd(clusters)
    with pytest.raises(Blocked, match=words) as caught:
        find(APP, clusters.look())
    assert caught.value.data["check"] == "app-is-as-planned"
    assert caught.value.exit == 3
