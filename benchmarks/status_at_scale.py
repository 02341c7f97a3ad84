"""`migrate status` with 10,000 apps and 120,000 rows: one page and totals, whatever the size of the plan."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measured import MIGRATE, PASS, REPO, folder, in_turns, verdict

APPS = 10_000
RATIO, PEAK = 6.5, 20.0


def main() -> int:
    """The ratio of the least times and the peak memory; 1 if one is above its bound."""
    with folder("scale") as place:
        (place / "phases").mkdir()
        subprocess.run([sys.executable, "-m", "benchmarks.journals", str(place / "state"), str(APPS)], cwd=REPO, check=True)
        took = in_turns({"pass": PASS, "status": (MIGRATE, "status", "--state", "state")}, 15, place)
    ratio = took["status"].least / took["pass"].least
    return verdict(
        [
            (f"migrate status, {APPS} apps", f"{ratio:.1f}x, {took['status'].least * 1000:.0f} ms", f"<= {RATIO}x", ratio <= RATIO),
            (f"migrate status, {APPS} apps, peak", f"{took['status'].peak:.1f} MiB", f"<= {PEAK:.0f} MiB", took["status"].peak <= PEAK),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
