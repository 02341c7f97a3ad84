"""The contract suite, the same tests as on the lab, on a real server with its controllers."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

from tests.real.cluster import Cluster
from tests.real.conftest import ENV, Tally


def test_the_contract_holds_on_the_real_server(whole: Cluster, tally: Tally, repo: Path, tmp_path: Path) -> None:
    """Every one of its tests passes there, and none is left out."""
    forget, going = tmp_path / "forget", threading.Event()

    def forgetting() -> None:
        """A real server forgets its history by being started anew; the suite asks for it by making a file."""
        while not going.wait(0.05):
            if forget.exists():
                whole.restart_server()
                forget.unlink()

    helper = threading.Thread(target=forgetting)
    helper.start()
    try:
        env = {**ENV, "KUBECONFIG": str(whole.kubeconfig), "CONTRACT_WEAK_TOKEN": whole.weak_token, "CONTRACT_FORGET": str(forget)}
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "tests/contract", "-q", "-p", "no:cacheprovider"],
            cwd=repo, env=env, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
    finally:
        going.set()
        helper.join()
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    summary = ran.stdout.strip().splitlines()[-1]
    assert "skipped" not in summary, ran.stdout[-3000:]
    tally.contract = int(re.search(r"(\d+) passed", summary)[1])  # type: ignore[index]  # no match is a failure
