"""`make seeds`: every app that moves, seeds 1 to 50, each with its drawn faults, one line each; exit 1 where one is not clean.

A fresh lab and a fresh tool for each command, forked from one warm parent. `python -m portkey_migrate.rehearse.seeds 1-5 app/speedtest`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from portkey_migrate.errors import MigrateError
from portkey_migrate.rehearse import run

SEEDS = range(1, 51)
SUBJECTS = ("app/speedtest", "app/vaultwarden")
ENGINE, ENGINE_MEDIAN = 0.5, 0.2  # seconds that the engine itself may add to an outage: in each seed, and as the median
LEAST = 100  # requests acknowledged on each side, so that "nobody noticed" has somebody to notice


def told(said: dict[str, Any]) -> str:
    """One line of a rehearsal: verdict, what people saw, which faults hit where."""
    app = next((one for one in said["apps"] if f"app/{one['name']}" == said["subject"]), None)
    seen = ""
    if app is not None:
        by = app["acknowledged"]
        seen = f"{by['source']} K3s {by['target']} Talos, lost {app['lost_writes']}, down {app['outage_seconds']:g} s"
        seen += f" (engine {app['engine_outage_seconds']:g} s)" if app["outage_seconds"] else ""
    faults = "; ".join(_fault(one) for one in said["faults"]) or "no fault"
    why = f"  {'; '.join(said['reasons'])}" if said["reasons"] else ""
    head = f"seed {said['seed']:>2}  {said['verdict']:<9}  {said['subject']}"
    return f"{head}  {seen}  {said['wall_seconds']:.1f} s  {said['fingerprint'][:8]}  {faults}{why}"


def _fault(one: dict[str, Any]) -> str:
    hit = ", ".join(place["at"] for place in one["hit"]) or "did not come up"
    return f"{one['kind']}@{one['nth']} {hit}"


def fails(said: dict[str, Any], *, timed: bool = True) -> list[str]:
    """What a seed has to show and does not. `timed`: the engine's own share of an outage is wall time, which a busy machine makes longer."""
    out = list(said["reasons"]) if said["verdict"] != "clean" else []
    for app in said["apps"]:
        by = app["acknowledged"]
        if min(by.values()) < LEAST:
            out.append(f"{app['name']}: fewer than {LEAST} requests on one side: {by}")
        if app["lost_writes"]:
            out.append(f"{app['name']}: {app['lost_writes']} lost")
        if timed and app["engine_outage_seconds"] > ENGINE:
            out.append(f"{app['name']}: the engine added {app['engine_outage_seconds']} s to the outage (limit {ENGINE} s)")
    return out or ([] if said["verdict"] == "clean" else [said["verdict"]])


def main(argv: list[str]) -> int:
    first, _, last = (argv[0] if argv else f"{SEEDS[0]}-{SEEDS[-1]}").partition("-")
    subjects = argv[1:] or SUBJECTS
    home = run.session_home()
    bad = 0
    with tempfile.TemporaryDirectory(prefix="pm-seeds-") as folder:
        for subject in subjects:
            added = []
            for seed in range(int(first), int(last or first) + 1):
                said = run.rehearse(subject, seed=seed, home=home, folder=Path(folder) / f"{seed}")
                wrong = fails(said)
                bad += bool(wrong)
                added += [app["engine_outage_seconds"] for app in said["apps"] if f"app/{app['name']}" == subject]
                sys.stdout.write(f"{told(said)}{''.join(f'  ✖ {one}' for one in wrong)}\n")
                if wrong:
                    sys.stdout.write(f"  again: migrate rehearse {subject} --seed {seed}\n")
                sys.stdout.flush()
            middle = statistics.median(added)
            bad += middle > ENGINE_MEDIAN
            mark = "✖" if middle > ENGINE_MEDIAN else "✔"
            sys.stdout.write(f"{mark} {subject}: the engine added {middle:.3f} s to the outage (median, limit {ENGINE_MEDIAN} s)\n")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MigrateError as error:
        sys.stderr.write(f"{error.what}\n{error.why}\n")
        sys.exit(error.exit)
