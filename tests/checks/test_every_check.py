"""Each check answers ok where all is well, and refuses where its one thing is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.checks import by_id, guards_of, page, registry
from portkey_migrate.engine.asks import ask_each
from portkey_migrate.errors import UnknownName
from portkey_migrate.model import Change, Ref
from portkey_migrate.ports import Reply
from portkey_migrate.systems.names import key_path, key_url

from .conftest import FOUND, KEY, Clusters, endpoints, external_dns, node, pod, thing

Break = Callable[[Clusters], Any]
#: The rooms of questions that an app without data is asked; those of volumes and machines have a world of their own in tests/handover, tests/ready.
HERE = ("app", "gitops", "identity", "namespace", "network", "nodes", "permissions", "wayback")
IDS = sorted(id_ for id_, one in registry().items() if one.ask.__module__.rpartition(".")[2] in HERE)
APPLICATION = ("Application", "argocd", "speedtest")


def _same_cluster(c: Clusters) -> None:
    c.identity["target"] = c.identity["source"]


def _shared_address(c: Clusters) -> None:
    c.identity["target"] = ("uid-t", "ca-s")


def _swapped(c: Clusters) -> None:
    c.source.version, c.target.version = c.target.version, c.source.version


def _silent_cluster(c: Clusters) -> None:
    del c.identity["target"]


def _automated(side: str) -> Break:
    def turn_on(c: Clusters) -> None:
        c.side(side).objects[APPLICATION]["spec"]["syncPolicy"] = {"automated": {"prune": True, "selfHeal": True}}
        c.begun["hold:source/speedtest"] = Change(Ref("source", "Application", "argocd", "speedtest"), {}, {})

    return turn_on


def _deaf_owner(side: str) -> Break:
    return lambda c: c.side(side).objects["ApplicationSet", "argocd", "apps"]["spec"].clear()


def _gone(side: str, kind: str, name: str, namespace: str = "speedtest") -> Break:
    return lambda c: c.side(side).objects.pop((kind, namespace, name))


def _puts(side: str, *things: dict[str, Any]) -> Break:
    return lambda c: c.side(side).put(*things)


def _page(path: str, reply: Reply) -> Break:
    return lambda c: c.pages.update({path: reply})


def _drifts(c: Clusters) -> None:
    c.target.objects[APPLICATION]["status"] = {
        "sync": {"status": "OutOfSync"},
        "resources": [{"kind": "ConfigMap", "name": "conf", "status": "OutOfSync"}],
    }


def _says_nothing(c: Clusters) -> None:
    c.target.objects[APPLICATION]["status"] = {"sync": {"status": "Unknown"}}


def _has_volume(c: Clusters) -> None:
    c.source.objects["Deployment", "speedtest", "speedtest"]["spec"]["template"]["spec"]["volumes"] = [
        {"name": "d", "persistentVolumeClaim": {"claimName": "d"}}
    ]


def _cordoned(c: Clusters) -> None:
    for one in ("metal0", "metal1"):
        c.source.objects["Node", "", one]["spec"]["unschedulable"] = True


def _proxied(c: Clusters) -> None:
    c.source.proxied = 500


def _other_certificate(c: Clusters) -> None:
    c.target.objects["Secret", "speedtest", "speedtest-tls"]["data"]["tls.crt"] = "hmac:other"


BAD_GATEWAY = Reply(502, {}, b"", "cert")
BREAKS: list[tuple[str, Break]] = [
    ("app-is-as-planned", _puts("source", thing("Ingress", "second", spec={"rules": []}))),
    ("app-keeps-no-data", _has_volume),
    ("clusters-are-different", _same_cluster),
    ("clusters-are-different", _shared_address),
    ("clusters-are-different", _swapped),
    ("clusters-are-different", _silent_cluster),
    ("dns-has-one-owner", _puts("target", external_dns("--txt-owner-id", "portkey"))),
    ("hold-holds", _automated("source")),
    ("hold-holds", _automated("target")),
    ("hold-holds", _gone("target", "Application", "speedtest", "argocd")),
    ("hold-is-tolerated", _deaf_owner("source")),
    ("hold-is-tolerated", _deaf_owner("target")),
    ("namespace-is-empty", _puts("target", thing("ConfigMap", "somebodys"))),
    ("namespace-is-the-apps-own", lambda c: c.target.put(thing("Namespace", "speedtest", ""), thing("Deployment", "theirs"))),
    ("nothing-drifts-when-released", _drifts),
    ("nothing-drifts-when-released", _says_nothing),
    ("permissions-suffice", lambda c: c.target.denied.add(("patch", "Deployment"))),
    ("probe-answers", _page("/.portkey-migrate/", BAD_GATEWAY)),
    ("secrets-are-equal", lambda c: c.target.objects["Secret", "speedtest", "keys"]["data"].update({"token": "hmac:x"})),
    ("secrets-are-there", _gone("source", "Secret", "keys")),
    ("seen-at-the-source", _page(key_path(KEY), Reply(307, {"location": key_url(KEY)}, b"", "cert"))),
    ("seen-at-the-source", _page(key_path(KEY), Reply(0, {}, b"", "", "reset"))),
    ("seen-at-the-source", _page("/", BAD_GATEWAY)),
    ("seen-from-outside", _page(key_path(KEY), Reply(404, {}, b"", "cert"))),
    ("seen-from-outside", _page(key_path(KEY), Reply(307, {"location": key_url("pm-1a2b-9")}, b"", "cert"))),
    ("seen-from-outside", _page("/", BAD_GATEWAY)),
    ("seen-from-outside", _gone("target", "Ingress", "pm-probe")),
    ("source-answers", _proxied),
    ("source-answers", _puts("source", endpoints("speedtest", ready=False))),
    ("source-answers", _gone("source", "EndpointSlice", "speedtest-x1")),
    ("source-answers", _puts("source", pod("speedtest-1", ready=False))),
    ("source-is-serving", _puts("source", pod("speedtest-1", ready=False))),
    ("target-ingress-answers", _page("/.portkey-migrate" + key_path(KEY), Reply(503, {}, b"", "cert"))),
    ("target-ingress-answers", _other_certificate),
    ("target-ingress-answers", _gone("target", "Ingress", "pm-probe")),
    ("target-is-held", _automated("target")),
    ("target-is-held", _gone("target", "Application", "speedtest", "argocd")),
    ("target-nodes-are-ready", _puts("target", node("metal3", "Unknown"))),
    ("tls-secret-is-there", _gone("source", "Secret", "speedtest-tls")),
    ("way-back-is-walkable", _cordoned),
    ("way-back-is-walkable", _gone("source", "Ingress", "speedtest")),
    ("way-back-is-walkable", _puts("source", thing("ResourceQuota", "theirs", spec={"hard": {"pods": "0"}}))),
]


def well(clusters: Clusters, id_: str) -> Clusters:
    """The moment at which this check is asked: three of them look at another one than the rest."""
    if id_ == "seen-at-the-source":
        del clusters.pages[key_path(KEY)]
    if id_ == "namespace-is-empty":
        for at in [at for at in clusters.target.objects if at[1] == "speedtest"]:
            del clusters.target.objects[at]
    if id_ == "hold-holds":
        by_id(id_).ask(clusters.look())
        clusters.clock.at = 2.5
    return clusters


@pytest.mark.parametrize("id_", IDS)
def test_it_answers_ok_where_all_is_well(clusters: Clusters, id_: str) -> None:
    """With a sentence for a person, and value, threshold and cluster as data."""
    answer = by_id(id_).ask(well(clusters, id_).look())
    assert (answer.verdict, answer.fix) == ("ok", "")
    assert answer.why
    assert answer.values["cluster"] in ("source", "target", "both")


@pytest.mark.parametrize(("id_", "breaks"), BREAKS, ids=[f"{id_}-{n}" for n, (id_, _) in enumerate(BREAKS)])
def test_it_refuses_where_its_one_thing_is_not(clusters: Clusters, id_: str, breaks: Break) -> None:
    """Not ok, and a person reads what was observed."""
    breaks(well(clusters, id_))
    answer = by_id(id_).ask(clusters.look())
    assert not answer.passes
    assert answer.why
    assert not answer.why.endswith(".")


def test_every_check_is_broken_at_least_once() -> None:
    """A check that nothing can make refuse is a decoration."""
    assert {id_ for id_, _ in BREAKS} == set(IDS)


@pytest.mark.parametrize("state", ["prepared", "started", "routed", "protected", "committed"])
def test_every_broken_guard_is_named_alone(state: str) -> None:
    """A guard is a check by its id, in the order of the ids, and those of another method are left out."""
    ids = [one.id for one in guards_of(state, "stateless")]
    assert ids == sorted(ids)
    assert "app-keeps-no-data" not in [one.id for one in guards_of(state, "handover")]


def test_a_check_nobody_knows_is_an_error() -> None:
    """A name on disk that the code does not know is never a yes."""
    with pytest.raises(UnknownName, match="all-is-well"):
        by_id("all-is-well")


@pytest.mark.parametrize("id_", sorted(registry()))
def test_its_name_is_a_sentence_with_a_situation_and_a_source(id_: str) -> None:
    """What docs/checks.md prints is all there."""
    one = by_id(id_)
    assert one.says.endswith(".")
    assert one.situation
    assert one.sources
    assert one.when in ("before", "between", "moving")
    assert set(one.asked_of) <= {"source", "target", "ceph", "proxmox"}


def test_the_page_is_what_the_registry_says(repo: Path) -> None:
    """Made anew by `python -m portkey_migrate.checks.page > docs/checks.md`."""
    assert (repo / "docs" / "checks.md").read_text(encoding="utf-8") == page.page()


# ---- where a check looks twice, or at what may be absent ----


@pytest.mark.parametrize(("id_", "side"), [("hold-is-tolerated", "source"), ("hold-is-tolerated", "target"), ("target-is-held", "target")])
def test_a_side_without_argo_cd_is_no_side_without_an_application(clusters: Clusters, id_: str, side: str) -> None:
    """The refusal is about the API that is missing, and nothing passes over it."""
    clusters.side(side).unserved = {"Application", "ApplicationSet"}
    said = ask_each(clusters.look(), "app/speedtest", [by_id(id_)], lambda _: None)[0].answer
    assert (said.verdict, said.why, said.fix) == ("block", "the cluster serves no Application", "install what brings it")


def test_a_hold_counts_only_after_its_owner_had_time(clusters: Clusters) -> None:
    """Two seconds from the first look that saw it; one reverted meanwhile blocks at once."""
    ask = by_id("hold-holds").ask
    assert ask(clusters.look()).verdict == "not-yet"
    clusters.clock.at = 1.9
    assert ask(clusters.look()).verdict == "not-yet"
    clusters.clock.at = 2.0
    assert ask(clusters.look()).verdict == "ok"


def test_an_old_target_with_the_same_owner_is_fine_while_its_ingress_is_excluded(clusters: Clusters) -> None:
    """external-dns leaves an Ingress alone that says so."""
    excluded = {"external-dns.alpha.kubernetes.io/exclude": "true"}
    clusters.target.put(external_dns("--txt-owner-id=portkey"), thing("Ingress", "speedtest", annotations=excluded, spec={}))
    assert by_id("dns-has-one-owner").ask(clusters.look()).verdict == "ok"


def test_a_namespace_of_ours_that_is_empty_may_be_used_again(clusters: Clusters) -> None:
    """What a first try left behind does not stop a second one."""
    clusters.target.put(thing("Namespace", "speedtest", "", annotations={"portkey-migrate.io/made-by": KEY}))
    assert by_id("namespace-is-the-apps-own").ask(clusters.look()).verdict == "ok"


def test_a_namespace_that_is_being_deleted_is_waited_for(clusters: Clusters) -> None:
    """Kubernetes takes its time after a way back to `planned`; the next move begins when it is done."""
    going = thing("Namespace", "speedtest", "")
    going["metadata"]["deletionTimestamp"] = "2026-01-10T08:00:00Z"
    clusters.target.put(going)
    answer = by_id("namespace-is-the-apps-own").ask(clusters.look())
    assert answer.verdict == "not-yet"
    assert answer.watch == Ref("target", "Namespace", "", "")


def test_what_is_on_its_way_out_is_waited_for(clusters: Clusters) -> None:
    """A ReplicaSet whose Deployment went a moment ago is nobody's."""
    well(clusters, "namespace-is-empty").target.put(
        thing("ReplicaSet", "speedtest-1", owner=("Deployment", "speedtest")), thing("ServiceAccount", "default")
    )
    answer = by_id("namespace-is-empty").ask(clusters.look())
    assert answer.verdict == "not-yet"
    assert answer.watch == Ref("target", "ReplicaSet", "speedtest", "")


def test_what_the_move_made_itself_may_drift(clusters: Clusters) -> None:
    """A difference that the recipe made is known; any other is named."""
    _drifts(clusters)
    clusters.begun["make:target/conf"] = Change(Ref("target", "ConfigMap", "speedtest", "conf"), None, {})
    assert by_id("nothing-drifts-when-released").ask(clusters.look()).verdict == "ok"


def test_an_ingress_without_tls_needs_no_secret(clusters: Clusters) -> None:
    """No certificate is asked for where none is served."""
    clusters.found = replace(FOUND, tls_secret="")
    assert by_id("tls-secret-is-there").ask(clusters.look()).verdict == "ok"
    assert by_id("target-ingress-answers").ask(clusters.look()).verdict == "ok"
