"""The verbs and their short help, static: `--help` shows them without importing one of them.

A new verb is its file in `verbs/` and its line here. A verb that is not due does not exist.
"""

from __future__ import annotations

#: In the order that an operator meets them: look, ask, move, go back, look back, practise.
VERBS: dict[str, str] = {
    "status": "Where everything is, who serves it, what waits and what is next.",
    "report": "The same as a page for the team.",
    "plan": "What would be done, step by step, each with its undo.",
    "preflight": "Asks every check of the next move. Changes nothing.",
    "advance": "Takes the open phase to its next gate, or one subject further.",
    "rollback": "Takes an app, a task or a phase back, by a way that was written down before.",
    "history": "What was done, when, by whom, and how it ended.",
    "resolve": "Says whether a step happened that nobody can look at.",
    "lint": "Faults and warnings of the plan in phases/.",
    "graph": "The states of a machine as a mermaid diagram, the current one marked.",
    "rehearse": "Runs the real plan in the lab, with faults and kills.",
    "lab": "A simulated world to try every verb on.",
}

KINDS = ("app", "node", "task", "phase")

EPILOG = """\
A subject is typed `app NAME` or `app/NAME`; kinds are app, node, task and phase.
Answers go to stdout, talk goes to stderr. Exit: 0 done, 2 usage or plan, 3 refused, 5 locked,
6 failed and went back, 7 needs you, 8 journal, 10 not reachable, 11 rehearsal not clean, 130 stopped.
Each verb has its own help: migrate VERB --help
"""


def root_help(program: str) -> str:
    """The first page: what this is, the verbs, the exit statuses."""
    lines = [
        f"Usage: {program} [-C DIR] VERB [KIND NAME] [OPTIONS]",
        "",
        "  Carries a live K3s cluster to Talos, app by app, with a written way back.",
        "",
        "Verbs:",
    ]
    wide = max(len(verb) for verb in VERBS)
    lines += [f"  {verb:<{wide}}  {says}" for verb, says in VERBS.items()]
    lines += [
        "",
        "Options:",
        "  -C DIR      The folder that holds phases/; else the nearest from here upwards.",
        "  --version   The version.",
        "  --help      This page.",
        "",
    ]
    return "\n".join(lines) + "\n" + EPILOG


def nearest(word: str, known: list[str]) -> str:
    """The known word that a mistyped one was probably meant to be, "" where none is near."""
    from difflib import get_close_matches

    found = get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else ""
