"""How requests find their way, and what people see while an app moves."""

from __future__ import annotations

from typing import Any

import pytest

from portkey_migrate.lab.traffic import fetch, request

#: The fixture of conftest.py: somebody with every right.
Hand = Any

APP, HOST = "speedtest", "speedtest.themainfreak.com"
SOURCE, TARGET = "192.168.0.224", "192.168.0.160"
NGINX = "nginx.ingress.kubernetes.io/"
UPSTREAM = {
    NGINX + "backend-protocol": "HTTPS",
    NGINX + "proxy-ssl-secret": f"{APP}/{APP}-tls",
    NGINX + "proxy-ssl-server-name": "on",
    NGINX + "proxy-ssl-name": HOST,
}


def ingress(name: str, path: str, path_type: str, service: str, port: int, annotations: dict[str, str]) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": port}}}
    rule = {"host": HOST, "http": {"paths": [{"path": path, "pathType": path_type, "backend": backend}]}}
    spec = {"ingressClassName": "nginx", "rules": [rule], "tls": [{"hosts": [HOST], "secretName": f"{APP}-tls"}]}
    return {"kind": "Ingress", "metadata": {"name": name, "namespace": APP, "annotations": annotations}, "spec": spec}


def prepare(hand: Hand) -> None:
    """What `prepared` makes, by hand: the app on the target under a fence, and the way to it."""
    hand.make("target", {"kind": "Namespace", "metadata": {"name": APP}})
    hand.fence("target", APP, "0")
    for name in (f"{APP}-secret", f"{APP}-tls"):
        there = hand.get("source", "Secret", APP, name)
        hand.make("target", {"kind": "Secret", "metadata": {"name": name, "namespace": APP}, "type": there["type"], "data": there["data"]})
    hand.patch("target", "Application", "argocd", APP, {"operation": {"sync": {}}, "status": {"operationState": None}})
    hand.until(lambda: hand.get("target", "Ingress", APP, APP) is not None)
    hand.scale("target", APP, 0)
    ports = [{"name": "ingress", "port": 443, "protocol": "TCP", "targetPort": 443}]
    hand.make("source", {"kind": "Service", "metadata": {"name": "pm-proxy", "namespace": APP}, "spec": {"ports": ports}})
    labels = {"kubernetes.io/service-name": "pm-proxy"}
    ends = [{"addresses": [TARGET], "conditions": {"ready": True}}]
    piece = {"kind": "EndpointSlice", "metadata": {"name": "pm-proxy", "namespace": APP, "labels": labels}, "addressType": "IPv4", "endpoints": ends}
    hand.make("source", {**piece, "ports": [{"name": "ingress", "port": 443, "protocol": "TCP"}]})
    redirect = {NGINX + "temporal-redirect": "https://pm-ab12-1.portkey-migrate.invalid/"}
    hand.make("target", ingress("pm-probe", "/.pm-ab12-1", "Exact", APP, 8080, redirect))
    way = {**UPSTREAM, NGINX + "use-regex": "true", NGINX + "rewrite-target": "/$2"}
    hand.make("source", ingress("pm-probe", "/.portkey-migrate(/|$)(.*)", "ImplementationSpecific", "pm-proxy", 443, way))
    hand.wait(10)


def route(hand: Hand, annotations: dict[str, str]) -> None:
    there = hand.get("source", "Ingress", APP, APP)
    rule = there["spec"]["rules"][0]
    paths = [{**one, "backend": {"service": {"name": "pm-proxy", "port": {"number": 443}}}} for one in rule["http"]["paths"]]
    hand.patch("source", "Ingress", APP, APP, {"metadata": {"annotations": annotations}, "spec": {"rules": [{**rule, "http": {"paths": paths}}]}})


def test_people_are_served_by_the_source_with_the_apps_own_certificate(hand: Hand) -> None:
    """200 through the wildcard's address; another name gets 404 and the ingress's own certificate."""
    got, other = fetch(hand.world, SOURCE, HOST, "/"), fetch(hand.world, SOURCE, "nobody.themainfreak.com", "/")
    assert (got["status"], got["body"]) == (200, "<title>Speedtest</title>")
    assert other["status"] == 404
    assert got["certificate"] != other["certificate"]


def test_nothing_answers_at_an_address_that_nobody_has(hand: Hand) -> None:
    """Status 0, with words."""
    got = fetch(hand.world, "192.168.0.9", HOST, "/")
    assert got["status"] == 0
    assert got["error"]


def test_the_probe_reaches_the_target_through_the_sources_address(hand: Hand) -> None:
    """The redirect that only the target can give comes back, with nothing running there; the app's own path still is the source's."""
    prepare(hand)
    got = fetch(hand.world, SOURCE, HOST, "/.portkey-migrate/.pm-ab12-1")
    assert (got["status"], got["headers"]["location"]) == (302, "https://pm-ab12-1.portkey-migrate.invalid/")
    assert fetch(hand.world, SOURCE, HOST, "/.portkey-migrate/")["status"] == 503
    assert fetch(hand.world, SOURCE, HOST, "/.pm-ab12-1")["status"] == 404
    assert request(hand.world, SOURCE, HOST, "/").cluster == "source"


def test_a_missing_secret_for_the_upstream_closes_the_location(hand: Hand) -> None:
    """proxy-ssl-secret that is not there: 503, as ingress-nginx denies the location."""
    prepare(hand)
    hand.delete("source", "Secret", APP, f"{APP}-tls")
    hand.wait(5)
    assert fetch(hand.world, SOURCE, HOST, "/.portkey-migrate/.pm-ab12-1")["status"] == 503


@pytest.mark.parametrize(("traps", "sni"), [(True, ""), (False, HOST)])
def test_without_proxy_ssl_secret_no_name_is_sent_upstream(hand: Hand, traps: bool, sni: str) -> None:  # noqa: FBT001 (a parameter of the test)
    """People get 200 all the same, with a wrong certificate inside; with the trap off the name is sent."""
    if not traps:
        hand.world.traps.discard("proxy-ssl-needs-secret")
    prepare(hand)
    hand.fence("target", APP, "1000000")
    hand.scale("target", APP, 1)
    hand.until(lambda: bool(hand.pods("target", APP, ready=True)))
    hand.hold("source", APP)
    route(hand, {key: value for key, value in UPSTREAM.items() if not key.endswith("proxy-ssl-secret")})
    hand.wait(10)
    got = request(hand.world, SOURCE, HOST, "/")
    assert (got.status, got.cluster) == (200, "target")
    assert got.names == (HOST, sni)


def test_plain_http_to_the_targets_tls_port_is_a_bad_request(hand: Hand) -> None:
    """Without backend-protocol HTTPS the target's ingress answers 400."""
    prepare(hand)
    hand.hold("source", APP)
    route(hand, {})
    hand.wait(10)
    assert fetch(hand.world, SOURCE, HOST, "/")["status"] == 400


def test_a_whole_move_and_back_in_the_right_order_costs_no_second(hand: Hand) -> None:
    """Started, held, routed when the old configuration still serves, the source stopped afterwards: nobody is down."""
    people = hand.world.parts["town"].users
    prepare(hand)
    hand.fence("target", APP, "1000000")
    hand.scale("target", APP, 1)
    hand.until(lambda: bool(hand.pods("target", APP, ready=True)))
    hand.until(lambda: fetch(hand.world, SOURCE, HOST, "/.portkey-migrate/")["status"] == 200)
    hand.hold("source", APP)
    before = hand.get("source", "Ingress", APP, APP)
    route(hand, UPSTREAM)
    took = hand.until(lambda: people.who(hand.world, APP) == "target")
    assert 0.4 <= took <= 3.4
    hand.scale("source", APP, 0)
    hand.wait(150)
    assert fetch(hand.world, SOURCE, HOST, "/.pm-ab12-1")["status"] == 302
    hand.scale("source", APP, 1)
    hand.until(lambda: bool(hand.pods("source", APP, ready=True)))
    hand.wait(1.1)
    undone = dict.fromkeys(UPSTREAM)
    hand.patch("source", "Ingress", APP, APP, {"metadata": {"annotations": undone}, "spec": {"rules": before["spec"]["rules"]}})
    hand.until(lambda: people.who(hand.world, APP) == "source")
    hand.fence("target", APP, "0")
    hand.scale("target", APP, 0)
    hand.wait(60)
    assert people.outages(APP, hand.world.started, hand.world.now) == []
    seen = people.acknowledged(APP, hand.world.started, hand.world.now)
    assert seen["target"] >= 140
    assert seen["source"] > 60


def test_the_runbooks_order_takes_people_down(hand: Hand) -> None:
    """Source to 0 first, then the route: 503 until the ingress has loaded it."""
    people = hand.world.parts["town"].users
    prepare(hand)
    hand.fence("target", APP, "1000000")
    hand.hold("source", APP)
    hand.scale("source", APP, 0)
    hand.scale("target", APP, 1)
    hand.until(lambda: bool(hand.pods("target", APP, ready=True)))
    route(hand, UPSTREAM)
    hand.wait(20)
    down = people.outages(APP, hand.world.started, hand.world.now)
    assert sum(end - start for start, end in down) > 0.5
