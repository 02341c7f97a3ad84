"""The looks of the first phase: ok once everything is committed; else the lines to commit, as they can be pasted."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from portkey_migrate import checks
from portkey_migrate.lab import situations
from portkey_migrate.lab.worlds.furnish import MAKER
from portkey_migrate.model import Plan

from .conftest import Eyes

#: Check → a word that its lines have to hold.
SEEN = {
    "applicationsets-tolerate-a-hold": "ignoreApplicationDifferences",
    "retain-is-rendered": "retain",
    "source-is-frozen": "targetRevision: k3s-frozen",
    "target-follows-an-allow-list": "automated: null",
    "claims-are-never-pruned": "Prune=false,Delete=false",
    "images-are-by-digest": "@sha256:84fd8a47f58d79a1ad824c27be0a9492750c0fa5216b35c749863093bfa3c3d7",
}
HERE = [check for check in checks.registry().values() if check.id in SEEN]


def test_each_is_a_task_of_the_shipped_plan(shipped: Plan) -> None:
    """And built: the first phase can be taken from pending to closed."""
    first = {item.subject for row in shipped.phases[0].items for item in row}
    named = {task.text for task in shipped.tasks.values() if task.kind == "seen" and f"task/{task.name}" in first}
    assert set(SEEN) | {"target-repository-is-its-own"} == named
    assert not first & shipped.not_built


@pytest.mark.parametrize("check", HERE, ids=lambda check: check.id)
def test_all_is_well_once_it_is_committed(check: checks.Check, portkey: Eyes) -> None:
    """With value, threshold and cluster."""
    answer = check.ask(portkey.look())
    assert answer.verdict == "ok", answer.why
    assert answer.why
    assert "cluster" in answer.values


@pytest.mark.parametrize("check", HERE, ids=lambda check: check.id)
def test_as_it_was_found_each_says_what_to_commit(check: checks.Check, as_found: Eyes) -> None:
    """Several lines, none of them prose, and what is no comment or command is YAML."""
    answer = check.ask(as_found.look())
    assert answer.verdict == "block"
    assert answer.why
    assert SEEN[check.id] in answer.fix
    assert len(answer.fix.splitlines()) > 1
    for part in "\n".join(line for line in answer.fix.splitlines() if not line.startswith(("git ", "argocd "))).split("# "):
        said = part.partition("\n")[2]
        assert isinstance(yaml.safe_load(said), dict) or not said.strip(), part


@pytest.mark.parametrize("check", HERE, ids=lambda check: check.id)
def test_its_situation_is_seen_by_it_alone(check: checks.Check, portkey: Eyes) -> None:
    """One thing wrong, one look that refuses."""
    situations.apply(portkey.world, check.situation, "vaultwarden")
    red = {other.id for other in HERE if not other.ask(portkey.look()).passes}
    assert red == {check.id}


def test_a_chart_and_a_revision_of_its_own_are_frozen(portkey: Eyes) -> None:
    """A chart's version is no branch; another repository's branch that the target does not follow either is."""
    store = portkey.world.store
    spec = store.get("source", "Application", "argocd", "speedtest")["spec"]  # type: ignore[index] # the world has it
    chart = {"repoURL": "https://charts.lab", "chart": "speedtest", "targetRevision": "1.2.3"}
    store.patch("source", "Application", "argocd", "speedtest", {"spec": {"sources": [chart, spec["source"]], "source": None}}, MAKER)
    assert checks.by_id("source-is-frozen").ask(portkey.look()).verdict == "ok"
    loose = {"repoURL": "https://git.lab/other.git", "path": "x", "targetRevision": "HEAD"}
    store.patch("source", "Application", "argocd", "speedtest", {"spec": {"sources": [chart, loose]}}, MAKER)
    answer = checks.by_id("source-is-frozen").ask(portkey.look())
    assert answer.verdict == "block"
    assert "# source: Application speedtest" in answer.fix


def test_the_targets_own_platform_may_be_automated(portkey: Eyes) -> None:
    """Only what makes an app of the plan has to wait; an ApplicationSet that makes none is the target's own business."""
    generators = [{"matrix": {"generators": [{"git": {"repoURL": "r", "revision": "master"}}]}}]
    spec = {"generators": generators, "template": {"spec": {"syncPolicy": {"automated": {"prune": True}}}}}
    portkey.world.store.create("target", "ApplicationSet", {"metadata": {"name": "system", "namespace": "argocd"}, "spec": spec}, MAKER)
    assert checks.by_id("target-follows-an-allow-list").ask(portkey.look()).verdict == "ok"


def test_an_application_that_somebody_automated_is_named(portkey: Eyes) -> None:
    """The list is right, and one app would start all the same."""
    situations.apply(portkey.world, "target-not-held", "pairdrop")
    answer = checks.by_id("target-follows-an-allow-list").ask(portkey.look())
    assert (answer.verdict, answer.fix) == ("block", "argocd app set pairdrop --sync-policy none")


def test_without_a_plan_what_is_about_its_apps_is_unknown(portkey: Eyes) -> None:
    """Never ok by not looking."""
    at = replace(portkey.look(), plan=None)
    for id_ in ("target-follows-an-allow-list", "images-are-by-digest", "vm-snapshot-exists"):
        assert checks.by_id(id_).ask(at).verdict == "unknown"


def test_a_cluster_without_backups_is_warned_and_not_held_up(portkey: Eyes) -> None:
    """There is nothing to render a retain for; that nothing is backed up is worth a word."""
    for one in list(portkey.world.store.list("source", "ReplicationSource")):
        portkey.world.store.delete("source", "ReplicationSource", one["metadata"]["namespace"], one["metadata"]["name"], MAKER)
    assert checks.by_id("retain-is-rendered").ask(portkey.look()).verdict == "warn"


def test_a_claim_that_nobody_rendered_is_nobodys_to_prune(portkey: Eyes) -> None:
    """What a StatefulSet made is not Argo CD's."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "ceph-block"}
    portkey.world.store.create("source", "PersistentVolumeClaim", {"metadata": {"name": "data-0", "namespace": "speedtest"}, "spec": spec}, MAKER)
    assert checks.by_id("claims-are-never-pruned").ask(portkey.look()).verdict == "ok"
