"""`make demo`: two apps move to Talos, come back, and go again, in the embedded lab, with what people see meanwhile.

Real commands in processes of their own; exit 0 only where the lab's verdict is clean.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portkey_migrate.errors import MigrateError
from portkey_migrate.rehearse import asked, processes, run

SEED, WORLD = 1, "portkey"
SIDES = {"source": "K3s", "target": "Talos", "none": "nobody"}
APPS = ("speedtest", "vaultwarden")


@dataclass
class Show:
    """What is on the screen: each command as typed, its own progress, and people's view whenever it changes."""

    it: run.Run
    seen: dict[str, str] = field(default_factory=dict)

    def say(self, text: str = "") -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def people(self) -> None:
        for app, sees in self.it.lab.ask("users").items():
            by = sees["serves"]
            if app in APPS and self.seen.get(app) != by:
                first = app not in self.seen
                self.seen[app] = by
                self.say(f"    people  {app}.{_domain(sees)} is served by {SIDES[by]}" + ("" if first else " now"))

    def types(self, *argv: str) -> int:
        """One command of the tool, shown while it runs."""
        self.say(f"\n$ migrate {' '.join(argv)}")
        reading, writing = os.pipe()
        into = self.it.scratch / "commands" / f"{len(self.it.commands) + 1:02d}"
        tool = processes.start(argv, self.it.home, self.it.state, self.it.lab.path, into=into, said=writing)
        os.close(writing)
        with os.fdopen(reading) as said:
            for line in said:
                self.say(f"  {line.rstrip()}")
                self.people()
        ran = tool.wait()
        self.it.commands.append(ran)
        for line in ran.out.splitlines():
            self.say(f"  {line}")
        self.people()
        return ran.code

    def needs(self, app: str) -> bool:
        """What must be done before: its window is waited for where an outage comes next, and its tasks are done, anew where they have aged."""
        now = self.it.lab.ask("stats")["now"]
        opens = asked.window_opens(self.it.plan, f"app/{app}", now) if self.it.at(f"app/{app}") == "prepared" else None
        if opens is not None:
            self.it.lab.ask("advance", until=opens)
            self.say(f"\n({(opens - now) / 3600:.0f} h pass until the window of {app} opens)")
        tasks = [need for need, _ in asked.needed(self.it.plan, f"app/{app}") if need.startswith("task/")]
        due = [task for task in tasks if opens is not None or self.it.at(task) != "done"]
        return all(self.types("advance", *task.split("/", 1)) == 0 for task in due)

    def waits(self, app: str) -> None:
        """The soak, in no time."""
        until = asked.states(self.it.state)[f"app/{app}"].soak_until
        if until is not None:
            before = self.it.lab.ask("stats")["now"]
            self.it.lab.ask("advance", until=until.timestamp())
            self.say(f"\n(the soak of {app}, {(until.timestamp() - before) / 3600:.0f} h, passes)")
            self.people()


def _domain(sees: dict[str, Any]) -> str:
    return str(sees["host"]).partition(".")[2]


def show(it: run.Run) -> bool:
    """The whole of it; False where a command ended otherwise than it should."""
    screen = Show(it)
    screen.say("portkey-migrate: a rehearsal in the embedded lab. No cluster of yours is touched, nothing is sent anywhere.")
    screen.say(f"K3s and Talos are simulated with their traps; people use the apps all the while (world {WORLD}, seed {SEED}).\n")
    it.lab.ask("advance", seconds=run.LIVED)
    screen.people()
    for app in APPS:
        there_and_back = (("advance", "prepared"), ("advance", "protected"), ("rollback", "prepared"), ("advance", "protected"))
        for verb, state in there_and_back:
            if verb == "advance" and not screen.needs(app):
                return False
            if screen.types(verb, "app", app) != 0 or it.at(f"app/{app}") != state:
                return False
            it.lab.ask("advance", seconds=run.LIVED)
        screen.waits(app)
        if screen.types("advance", "app", app) != 0:
            return False
    return True


def main() -> int:
    began = time.perf_counter()
    processes.warm()
    home = run.session_home()
    wanted = run.Asked(f"app/{APPS[-1]}", SEED, WORLD, draws=False)
    with run.places(home, wanted, None) as (state, scratch), run.running(wanted, home, state, scratch) as it:
        it.also = tuple(f"app/{app}" for app in APPS)
        well = show(it)
        said = run.document(it, began)
    clean = well and said["verdict"] == "clean"
    _closing(said, state, time.perf_counter() - began, clean=clean)
    return 0 if clean else 11


def _closing(said: dict[str, Any], state: Path, took: float, *, clean: bool) -> None:
    lines = ["", f"The lab's verdict, from its own ledger: {'clean' if clean else 'not clean'}"]
    for app in said["apps"]:
        by = app["acknowledged"]
        lines.append(
            f"  {app['name']}: {app['state']}, served by {SIDES[app['serves']]}; {by['source']} requests answered by K3s, {by['target']} by Talos; "
            f"{app['lost_writes']} lost, down {app['outage_seconds']:g} s",
        )
    lines += [f"  not clean: {reason}" for reason in said["reasons"]]
    days = said["virtual_seconds"] / 86400
    lines.append(f"  {days:.1f} days of the lab in {took:.1f} s, {said['api_calls']} calls")
    place = os.path.relpath(state)
    lines += ["", "Look at it:", f"  migrate history app speedtest --state {place}", f"  migrate status --state {place}"]
    sys.stdout.write("\n".join(lines) + "\n")


def run_main() -> int:
    try:
        return main()
    except MigrateError as error:
        sys.stderr.write(f"{error.what}\n{error.why}\n")
        return error.exit


if __name__ == "__main__":
    sys.exit(run_main())
