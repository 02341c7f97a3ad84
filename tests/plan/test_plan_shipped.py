"""The plan that ships is the portkey cluster's own, and the small one beside it goes from nothing to closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from portkey_migrate.errors import NoPlan
from portkey_migrate.model import Plan
from portkey_migrate.plan import Names, find_home, jsonschema, lint, load, schema

Files = Mapping[str, str | bytes | None]
Write = Callable[[Files], Path]
Made = Callable[[Files], Plan]

REPO = Path(__file__).parents[2]
#: portkey/cluster.md: GitOps, and the table of apps.
APPLICATIONS = [
    "actions-runner-controller",
    "cert-manager",
    "cloudflared",
    "external-dns",
    "external-secrets",
    "ingress-nginx",
    "intel-gpu",
    "kured",
    "kubelet-csr-approver",
    "metrics-server",
    "nfs-csi",
    "rook-ceph",
    "volsync",
    "zerotier",
    "argocd",
    "dex",
    "global-secrets",
    "grafana",
    "k8s-runners",
    "kanidm",
    "loki",
    "monitoring-system",
    "renovate",
    "zot",
    "mariadb-operator",
    "case10",
    "speedtest",
    "pairdrop",
    "excalidraw",
    "homepage",
    "actualbudget",
    "esphome",
    "navidrome",
    "grocy",
    "babybuddy",
    "paperless",
    "vaultwarden",
    "mosquitto",
    "zigbee2mqtt",
    "homeassistant",
    "immich",
    "jellyfin",
    "nextcloud",
    "ollama",
]
OTHERWISE = {"kubelet-csr-approver": "install-csr-approver", "rook-ceph": "install-rook-external"}


def test_the_shipped_plan_has_the_five_phases_and_what_goes_before(shipped: Plan) -> None:
    """In the order of their numbers."""
    assert [phase.name for phase in shipped.phases] == [
        "0-ready",
        "1-bootstrap-talos",
        "2-platform-and-first-apps",
        "3-metal1",
        "4-critical-apps-and-metal0",
        "5-cleanup",
    ]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_every_application_of_the_cluster_has_its_turn(name: str, shipped: Plan) -> None:
    """As an app, as a member of one, or as what is installed anew."""
    members = {member for app in shipped.apps.values() for member in app.members}
    assert name in shipped.apps or name in members or {f"install-{name}", OTHERWISE.get(name)} & set(shipped.tasks)


def test_every_app_is_in_a_phase_and_every_rule_but_the_known_ones_is_quiet(shipped: Plan) -> None:
    """What lint says of the shipped plan is what its facts are."""
    rules = {line.split(": ")[1] for line in lint(shipped)}
    assert rules == {"documents-agree", "pods-and-services-are-apart", "etcd-outlives-a-member"}
    assert all(shipped.phase_of(f"app/{name}") for name in shipped.apps)


def test_speedtest_and_vaultwarden_are_as_decided(shipped: Plan) -> None:
    """The first to move needs nothing; the one that matters most has its window and its budget."""
    speedtest, vault = shipped.apps["speedtest"], shipped.apps["vaultwarden"]
    assert (speedtest.method, speedtest.http, speedtest.outage, speedtest.soak, speedtest.needs) == ("stateless", "/", 300, 172_800, ())
    assert vault.window is not None
    assert (vault.method, vault.outage, vault.soak, vault.http, vault.window.text) == ("handover", 180, 604_800, "/alive", "Sat 14:00-18:00")
    assert [(need.subject, need.state) for need in vault.needs] == [("task/vm-snapshots", "done")]
    assert shipped.phase_of("app/speedtest") == "2-platform-and-first-apps"


def test_what_is_not_built_is_named(shipped: Plan) -> None:
    """Nodes, apps by their method, tasks by their kind or their check, and checks."""
    assert {"node/metal2", "app/vaultwarden", "task/vm-snapshots", "task/source-renders-retain", "check:retain-is-rendered"} <= shipped.not_built
    assert not {"app/speedtest", "task/people-know"} & shipped.not_built


def test_the_last_server_goes_after_every_app(shipped: Plan) -> None:
    """With metal0 the source ends."""
    order = shipped.subjects()
    assert all(order.index(f"app/{name}") < order.index("node/metal0") for name in shipped.apps)


def test_every_place_is_known(shipped: Plan) -> None:
    """Messages name file and line of an entry."""
    line = int(shipped.apps["vaultwarden"].where.rsplit(":", 1)[1])
    assert (REPO / "phases" / "apps.yaml").read_text().splitlines()[line - 1].strip() == "vaultwarden:"


def test_the_small_plan_is_two_apps_and_a_question(two_apps: Plan) -> None:
    """Nothing in it waits for what is not built."""
    assert two_apps.subjects() == ["phase/1-first", "task/people-know", "app/alpha", "phase/2-second", "app/beta"]
    assert not two_apps.not_built


def test_the_hash_is_of_the_files_as_read(made: Made) -> None:
    """A comment changes it, the folder does not."""
    assert made({}).hash == made({}).hash
    assert made({}).hash != made({"1-first.yaml": "# said\ngoal: g\ndo: [{app: alpha}, {app: beta}]\n"}).hash


def test_lint_says_less_where_a_phase_accepts(made: Made) -> None:
    """By the rule's name, with the reason."""
    bare = "goal: g\ndo: [{app: alpha}]\n"
    assert [line.split(": ")[1] for line in lint(made({"1-first.yaml": bare}))] == ["every-app-has-its-turn"]
    assert lint(made({"1-first.yaml": bare + "accept: {every-app-has-its-turn: 'beta stays; decided by us'}\n"})) == []


def test_the_home_is_the_nearest_folder_with_phases(write: Write, tmp_path: Path) -> None:
    """From here upwards; and where there is none, the error says where it looked."""
    home = write({})
    below = home / "a" / "b"
    below.mkdir(parents=True)
    assert find_home(below) == home
    with pytest.raises(NoPlan) as caught:
        find_home(tmp_path)
    assert str(tmp_path) in caught.value.why


def test_the_schema_in_docs_is_the_one_of_the_models() -> None:
    """`python -m portkey_migrate.plan.jsonschema > docs/plan.schema.json` makes it anew."""
    assert (REPO / "docs" / "plan.schema.json").read_text() == jsonschema.text()


def test_the_schema_knows_the_keys_that_act() -> None:
    """And no other."""
    defs = schema()["$defs"]
    assert set(defs["AppEntry"]["properties"]) == {"method", "members", "outage", "soak", "http", "window", "tell", "silent-node", "needs"}
    assert defs["AppEntry"]["additionalProperties"] is False
    assert set(defs["phase"]["properties"]) == {"goal", "needs", "do", "done-when", "soak", "accept"}
    json.dumps(defs)


def test_a_folder_without_a_plan_is_an_error_of_its_own(tmp_path: Path) -> None:
    """No plan, nothing else wrong."""
    with pytest.raises(NoPlan):
        load(tmp_path, Names(frozenset(), frozenset(), frozenset()))
