"""How long a person waits for the first line: `--help` and `status` against an empty Python."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measured import MIGRATE, PASS, REPO, folder, in_turns, verdict

BOUND = 5.0


def main() -> int:
    """Ratios of the least times; 1 if one is above its bound."""
    with folder("cold-start") as place:
        (place / "phases").mkdir()
        subprocess.run([sys.executable, "-m", "benchmarks.journals", str(place / "moved"), "42"], cwd=REPO, check=True)
        cases = {
            "python -c pass": PASS,
            "migrate --help": (MIGRATE, "--help"),
            "migrate status, before anything has begun": (MIGRATE, "status", "--state", "none"),
            "migrate status, 42 apps": (MIGRATE, "status", "--state", "moved"),
        }
        took = in_turns(cases, 21, place)
    floor = took.pop("python -c pass")
    print(f"python -c pass: {floor.least * 1000:.0f} ms, {floor.peak:.1f} MiB")
    rows = []
    for name, one in took.items():
        ratio = one.least / floor.least
        rows.append((name, f"{ratio:.1f}x, {one.least * 1000:.0f} ms, {one.peak:.0f} MiB", f"<= {BOUND:.0f}x", ratio <= BOUND))
    return verdict(rows)


if __name__ == "__main__":
    sys.exit(main())
