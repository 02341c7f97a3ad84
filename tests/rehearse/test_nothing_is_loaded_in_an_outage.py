"""What an outage needs is loaded before it begins: an import is tens of milliseconds in which nobody is served."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.world("subprocess")
#: A command as a person's shell starts it: nothing is loaded beforehand. It says what was loaded between its first closing send and the route.
LOADED = """
import sys, tempfile
from pathlib import Path
from portkey_migrate.engine.walk import Walk
from portkey_migrate.rehearse import processes, run

away, served, into = Walk._users_are_away, Walk._users_are_served, Path(sys.argv[2])
processes.warm = lambda: None

def begins(self, item):
    away(self, item)
    if self._past_go and not hasattr(sys, "loaded_before"):
        sys.loaded_before = set(sys.modules)

def ends(self):
    into.write_text(" ".join(["seen", *sorted(set(sys.modules) - sys.loaded_before)]))
    served(self)

Walk._users_are_away, Walk._users_are_served = begins, ends
with tempfile.TemporaryDirectory() as folder:
    said = run.rehearse("app/vaultwarden", to="protected", home=Path(sys.argv[1]), folder=Path(folder), draws=False)
print(said["verdict"])
"""


def test_an_outage_waits_for_no_import(home: Path, tmp_path: Path) -> None:
    """The state machine's library was one: it came with the first state that was reached, the first one of an outage."""
    into = tmp_path / "loaded"
    ran = subprocess.run([sys.executable, "-c", LOADED, str(home), str(into)], capture_output=True, text=True, check=False, timeout=100)
    assert (ran.stdout.strip(), ran.returncode) == ("clean", 0), ran.stderr
    assert into.read_text().split() == ["seen"]
