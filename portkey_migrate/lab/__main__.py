"""`python -m portkey_migrate.lab`: one lab in a process of its own, by hand or for whoever speaks to its two sockets."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from portkey_migrate.lab import copies, kubeconfig, situations, worlds
from portkey_migrate.lab.server import Server, StuckError


def main(argv: list[str] | None = None) -> int:
    asked = argparse.ArgumentParser(prog="portkey_migrate.lab")
    asked.add_argument("--socket", required=True, help="where the tool connects")
    asked.add_argument("--control", required=True, help="where wishes are served: time, verdict, quit")
    asked.add_argument("--state", required=True, type=Path, help="the journal's folder; kubeconfig and settings are written there")
    asked.add_argument("--world", default="portkey")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--copy", type=Path, help="a saved world in place of a new one")
    asked.add_argument("--with", dest="situation", help="a situation to begin with")
    asked.add_argument("--by-hand", action="store_true", help="questions go to the person, a silent tool is only reported")
    given = asked.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tool; the world stays as it is
    world = copies.load(given.copy) if given.copy else worlds.make(given.world, given.seed)
    if given.situation:
        situations.apply(world, given.situation)
    given.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    kubeconfig.write(world, given.state)
    server = Server(world, given.socket, given.state, by_hand=given.by_hand)
    server.control(given.control)
    try:
        server.serve()
    except StuckError as stuck:
        sys.stderr.write(f"{stuck}\n")
        return 1
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
