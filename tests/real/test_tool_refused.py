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

APP = "/api/v1/namespaces/speedtest"
INGRESS = "/api/v1/namespaces/ingress-nginx"
LABELS = {"app": "speedtest"}
DEPLOYMENT = {
    "metadata": {"name": "speedtest"},
    "spec": {
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "registry.example/speedtest:1"}]}},
    },
}
LISTENS = {"type": "LoadBalancer", "ports": [{"port": 443}]}
PATHS = [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "speedtest", "port": {"number": 80}}}}]
RULES = [{"host": "speedtest.example", "http": {"paths": PATHS}}]
FRONT = (
    Step("POST", "/api/v1/namespaces", {"metadata": {"name": "ingress-nginx"}}),
    Step("POST", f"{INGRESS}/services", {"metadata": {"name": "ingress-nginx-controller"}, "spec": LISTENS}),
    Step(
        "PATCH", f"{INGRESS}/services/ingress-nginx-controller/status", {"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.9"}]}}}, MERGE
    ),
)  # fmt: skip
THERE = (
    Step("POST", "/api/v1/namespaces", {"metadata": {"name": "speedtest"}}),
    Step("POST", "/apis/apps/v1/namespaces/speedtest/deployments", DEPLOYMENT),
    Step("POST", f"{APP}/services", {"metadata": {"name": "speedtest"}, "spec": {"selector": LABELS, "ports": [{"name": "http", "port": 80}]}}),
    Step(
        "POST", "/apis/networking.k8s.io/v1/namespaces/speedtest/ingresses",
        {"metadata": {"name": "speedtest"}, "spec": {"ingressClassName": "nginx", "rules": RULES}},
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


@pytest.fixture
def desk(keeper: Keeper, programs: dict[str, Path], tmp_path: Path, repo: Path) -> Any:
    """Two clusters, the app on the first, and a folder to run the tool in."""
    both: dict[str, Any] = {"kind": "Config", "apiVersion": "v1", "clusters": [], "users": [], "contexts": []}
    clusters = [Cluster.start(keeper, programs, name, controllers=False) for name in ("source", "target")]
    for one in clusters:
        sent(one, *FRONT)
        for key, value in json.loads(one.kubeconfig.read_text()).items():
            if key in ("clusters", "users", "contexts"):
                both[key] += value
    sent(clusters[0], *THERE)
    shutil.copytree(repo / "phases", tmp_path / "phases")
    (tmp_path / "kubeconfig").write_text(json.dumps(both))
    yield tmp_path, clusters
    for one in clusters:
        one.stop()


def test_two_clusters_without_argo_cd_are_refused(desk: Any) -> None:
    """Preflight and advance are exit 3 and say what is missing; the plan can be read; nothing was written on either side."""
    home, clusters = desk
    told = {}
    for verb, more in (("preflight", []), ("plan", []), ("advance", ["--yes", "--confirm", "portkey"])):
        sides = ["--source-context", "source", "--target-context", "target", "--kubeconfig", str(home / "kubeconfig")]
        command = [str(Path(sys.executable).with_name("migrate")), verb, "app/speedtest", *sides, *more]
        told[verb] = subprocess.run(command, cwd=home, env={**ENV, "HOME": str(home)}, capture_output=True, text=True, check=False)
    assert {verb: ran.returncode for verb, ran in told.items()} == {"preflight": 3, "plan": 0, "advance": 3}, told
    assert "Application speedtest is not on the target" in told["preflight"].stdout
    assert "Application speedtest is not on the target" in told["advance"].stderr
    assert "Nothing was changed." in told["advance"].stderr
    assert [writes(one) for one in clusters] == [[], []]
