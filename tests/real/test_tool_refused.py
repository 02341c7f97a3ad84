"""The tool itself, as a process, against two real servers without Argo CD: it says what is missing, refuses, and writes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.real.cluster import Cluster, Keeper
from tests.real.conftest import ENV
from tests.real.grounds import Real
from tests.real.script import MERGE, Memory, Step

INGRESS = "/api/v1/namespaces/ingress-nginx"
LISTENS = {"type": "LoadBalancer", "ports": [{"port": 443}]}
FRONT = (
    Step("POST", "/api/v1/namespaces", {"metadata": {"name": "ingress-nginx"}}),
    Step("POST", f"{INGRESS}/services", {"metadata": {"name": "ingress-nginx-controller"}, "spec": LISTENS}),
    Step(
        "PATCH", f"{INGRESS}/services/ingress-nginx-controller/status", {"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.9"}]}}}, MERGE
    ),
)  # fmt: skip
#: What each app of the plan needs, and a bare server has not.
ARGO_CD = "applications.argoproj.io (argoproj.io/v1alpha1), which Argo CD brings"
VOLSYNC = "replicationsources.volsync.backube (volsync.backube/v1alpha1), which VolSync brings"


def app(name: str) -> tuple[Step, ...]:
    """A Deployment, a Service and an Ingress in a Namespace, all of one name."""
    labels, meta = {"app": name}, {"name": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": f"registry.example/{name}:1"}]}}
    backend = {"service": {"name": name, "port": {"number": 80}}}
    rules = [{"host": f"{name}.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    return (
        Step("POST", "/api/v1/namespaces", {"metadata": meta}),
        Step(
            "POST", f"/apis/apps/v1/namespaces/{name}/deployments",
            {"metadata": meta, "spec": {"selector": {"matchLabels": labels}, "template": template}},
        ),
        Step(
            "POST", f"/api/v1/namespaces/{name}/services",
            {"metadata": meta, "spec": {"selector": labels, "ports": [{"name": "http", "port": 80}]}},
        ),
        Step(
            "POST", f"/apis/networking.k8s.io/v1/namespaces/{name}/ingresses",
            {"metadata": meta, "spec": {"ingressClassName": "nginx", "rules": rules}},
        ),
    )  # fmt: skip


def sent(cluster: Cluster, *steps: Step) -> None:
    real = Real(cluster)
    for step in steps:
        status, said = real.ask(step, "", Memory())
        assert status in (200, 201), said
    real.close()


def writes(cluster: Cluster) -> list[str]:
    """What the server's audit log says was written by somebody of ours: questions of rights and dry runs keep nothing."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    assert any("userAgent" not in line for line in lines)  # the test's own writes stand there: the log does see them
    ours = [line for line in lines if str(line.get("userAgent", "")).startswith("portkey-migrate")]
    return [line["requestURI"] for line in ours if "selfsubject" not in line["requestURI"] and "dryRun=All" not in line["requestURI"]]


@pytest.fixture(scope="module")
def desk(keeper: Keeper, programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two clusters, two apps on the first, and a folder to run the tool in."""
    home = tmp_path_factory.mktemp("desk")
    both: dict[str, Any] = {"kind": "Config", "apiVersion": "v1", "clusters": [], "users": [], "contexts": []}
    clusters = Cluster.start_all(keeper, programs, ("source", "target"), controllers=False)
    for one in clusters:
        sent(one, *FRONT)
        for key, value in json.loads(one.kubeconfig.read_text()).items():
            if key in ("clusters", "users", "contexts"):
                both[key] += value
    sent(clusters[0], *app("speedtest"), *app("vaultwarden"))
    shutil.copytree(Path(__file__).parents[2] / "phases", home / "phases")
    (home / "kubeconfig").write_text(json.dumps(both))
    yield home, clusters
    for one in clusters:
        one.stop()


def typed(home: Path, subject: str, *verbs: str) -> dict[str, subprocess.CompletedProcess[str]]:
    """Each verb as a person types it."""
    more = {"advance": ["--yes", "--confirm", "portkey"]}
    sides = ["--source-context", "source", "--target-context", "target", "--kubeconfig", str(home / "kubeconfig")]
    migrate, env = str(Path(sys.executable).with_name("migrate")), {**ENV, "HOME": str(home), "COLUMNS": "200"}
    return {
        verb: subprocess.run([migrate, verb, subject, *sides, *more.get(verb, [])], cwd=home, env=env, capture_output=True, text=True, check=False)
        for verb in verbs
    }


def test_two_clusters_without_argo_cd_are_refused(desk: Any) -> None:
    """Each verb names the API that is missing, on both sides where it is asked of both; the plan can be read; nothing was written."""
    home, clusters = desk
    told = typed(home, "app/speedtest", "preflight", "plan", "advance")
    assert {verb: ran.returncode for verb, ran in told.items()} == {"preflight": 3, "plan": 0, "advance": 3}, told
    for side in ("source", "target"):
        assert f"the {side} serves no {ARGO_CD}" in told["preflight"].stdout
        assert f"the {side} serves no applications.argoproj.io (argoproj.io/v1alpha1)" in told["plan"].stdout  # the rest of it is folded
        assert f"install Argo CD on the {side}" in told["preflight"].stdout
    assert f"the source serves no {ARGO_CD}" in told["advance"].stderr
    assert "Nothing was changed." in told["advance"].stderr
    assert [writes(one) for one in clusters] == [[], []]


def test_a_source_without_volsync_is_refused_for_an_app_with_data(desk: Any) -> None:
    """What backs it up cannot be read, so nothing of it is planned: each verb is exit 3 and names that API; nothing was written."""
    home, clusters = desk
    told = typed(home, "app/vaultwarden", "preflight", "plan")
    assert {verb: ran.returncode for verb, ran in told.items()} == {"preflight": 3, "plan": 3}, told
    for ran in told.values():
        assert f"the source serves no {VOLSYNC}" in ran.stdout + ran.stderr
    assert [writes(one) for one in clusters] == [[], []]
