"""A simulated world by hand: started in the background, after which every verb works on it."""

from __future__ import annotations

import sys
from typing import Any

import click

from portkey_migrate.cli import acting, options, subjects
from portkey_migrate.errors import Usage

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@click.group("lab", no_args_is_help=True)
def command() -> None:
    """A simulated world to try every verb on. No cluster of yours is touched.

    `lab up` prints two lines to type, after which `migrate status`, `migrate advance` and all the others work on it.
    """


@command.command("up")
@click.option("--world", metavar="NAME|FILE", default="portkey", show_default=True, help="The world that it runs in.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws latencies, faults and people's luck.")
@options.places
def up(world: str, seed: int, **typed: Any) -> int:
    """Starts one in the background and prints the two export lines."""
    from portkey_migrate.rehearse import byhand

    it = acting.given(typed)
    exports = byhand.up(world=world, seed=seed, folder=it.folder)
    sys.stdout.write("".join(f"export {name}={value}\n" for name, value in exports.items()))
    sys.stderr.write(f"The lab runs: world {world}, seed {seed}. Type the two lines, then: migrate preflight\n")
    return 0


@command.command("wait")
@click.argument("duration", metavar="DURATION")
def wait(duration: str) -> int:
    """Lets time pass there: 90s, 15m, 48h, 7d."""
    for_ = seconds(duration)
    from portkey_migrate.rehearse import byhand

    sys.stdout.write(f"{byhand.wait(for_)}\n")
    return 0


@command.command("users")
def users() -> int:
    """What people see right now."""
    from portkey_migrate.rehearse import byhand

    sys.stdout.write("".join(f"{line}\n" for line in byhand.users()))
    return 0


@command.command("break")
@click.argument("fault", metavar="FAULT")
@subjects.argument()
def break_(fault: str, subject: tuple[str, ...]) -> int:
    """Breaks something: the name of a situation, or KIND@N for the Nth mutating call from now.

    A situation is of one app: that one, else the world's first.
    """
    wanted = subjects.parse(subject)
    from portkey_migrate.rehearse import byhand

    sys.stdout.write(f"{byhand.break_(fault, wanted.partition('/')[2] if wanted else '')}\n")
    return 0


@command.command("verdict")
@options.output("table", "json", "yaml")
def verdict(output: str) -> int:
    """What the lab says of the moves so far, by what users saw. Exit 11 where it is not clean."""
    from portkey_migrate.rehearse import byhand
    from portkey_migrate.report.rehearsal import Rehearsal

    page = Rehearsal(byhand.verdict())
    acting.show(page, output)
    return page.exit


@command.command("down")
def down() -> int:
    """Ends it. Its journal stays under state/lab/."""
    from portkey_migrate.rehearse import byhand

    byhand.down()
    sys.stderr.write("The lab is down. In this shell: unset PORTKEY_MIGRATE_LAB PORTKEY_MIGRATE_STATE\n")
    return 0


def seconds(text: str) -> float:
    """`90s`, `15m`, `1h30m`, `7d`."""
    total, number = 0.0, ""
    for letter in text.strip():
        if letter.isdigit() or letter == ".":
            number += letter
        elif letter in UNITS and number:
            total, number = total + float(number) * UNITS[letter], ""
        else:
            break
    else:
        if not number and total:
            return total
    raise Usage(f"{text!r} is no duration", why="a duration is a number and a unit: 90s, 15m, 48h, 7d", hint="migrate lab wait 7d")
