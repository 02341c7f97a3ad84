"""Each fault of a plan: one line with file, line, column, what was meant, and what was got."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from portkey_migrate.model import Plan

Files = Mapping[str, str | bytes | None]
Faults = Callable[[Files], list[str]]
Made = Callable[[Files], Plan]

APPS = "defaults: {soak: 2h}\napps:\n  alpha: {method: stateless}\n  beta:\n    method: stateless\n"
CLUSTERS = "source: {kind: k3s}\ntarget: {kind: talos}\n"
TOP = "schema: portkey.dev/v1\nname: small\ntimezone: Europe/Berlin\n"
PHASE = "goal: g\ndo:\n"

CASES: Mapping[str, tuple[str, str | bytes | None, str]] = {
    "a bad duration": (
        "apps.yaml",
        APPS + "    outage: yolo\n",
        "phases/apps.yaml:6:13: apps.beta.outage: should be a duration such as 3m, 1h30m or 7d (got 'yolo')",
    ),
    "a bare number": (
        "apps.yaml",
        APPS + "    outage: 3\n",
        "phases/apps.yaml:6:13: apps.beta.outage: should be a duration such as 3m, 1h30m or 7d (got 3)",
    ),
    "a typo of a key": (
        "apps.yaml",
        APPS + "    outtage: 3m\n",
        "phases/apps.yaml:6:5: apps.beta.outtage: unknown key, did you mean outage? (got 'outtage')",
    ),
    "a key of a later version": (
        "apps.yaml",
        APPS + "    warm-copy: true\n",
        "phases/apps.yaml:6:5: apps.beta.warm-copy: unknown key (got 'warm-copy')",
    ),
    "an unknown key at the top": ("apps.yaml", APPS + "profiles: {}\n", "phases/apps.yaml:6:1: profiles: unknown key (got 'profiles')"),
    "a missing key": (
        "apps.yaml",
        "apps:\n  alpha: {method: stateless}\n  beta: {soak: 1h}\n",
        "phases/apps.yaml:3:3: apps.beta.method: is required and missing",
    ),
    "an unknown method": (
        "apps.yaml",
        "apps:\n  alpha: {method: statelss}\n  beta: {method: stateless}\n",
        (
            "phases/apps.yaml:2:19: apps.alpha.method: no method of this name, did you mean stateless? (methods: "
            "stateless, copy, database, handover, shared, singleton) (got 'statelss')"
        ),
    ),
    "a bad name": (
        "apps.yaml",
        APPS + "  Gamma: {method: stateless}\n",
        "phases/apps.yaml:6:3: apps.Gamma: a name is lower case letters, digits and dashes, as in Kubernetes (got 'Gamma')",
    ),
    "a path without a slash": (
        "apps.yaml",
        APPS + "    http: alive\n",
        "phases/apps.yaml:6:11: apps.beta.http: should be a path that begins with / (got 'alive')",
    ),
    "a bad window": (
        "apps.yaml",
        APPS + "    window: Sat 14-18\n",
        (
            "phases/apps.yaml:6:13: apps.beta.window: should be a window such as Sat 14:00-18:00 or Mon-Fri 10:00-16:00, "
            "several with commas (got 'Sat 14-18')"
        ),
    ),
    "no member": ("apps.yaml", APPS + "    members: [a, a]\n", "phases/apps.yaml:6:14: apps.beta.members: names a member twice (got 'a')"),
    "a list where a mapping belongs": ("apps.yaml", "apps: [alpha, beta]\n", "phases/apps.yaml:1:7: apps: should be a mapping (got a list)"),
    "a key that stands twice": (
        "apps.yaml",
        APPS + "    method: handover\n",
        "phases/apps.yaml:6:5: apps.beta.method: stands twice; the first would be lost (got 'method')",
    ),
    "a need that is no subject": (
        "apps.yaml",
        APPS + "    needs: {alpha: committed}\n",
        (
            "phases/apps.yaml:6:13: apps.beta.needs.alpha: should be KIND/NAME, the kind one of phase, node, app, task, "
            "did you mean app/alpha? (got 'alpha')"
        ),
    ),
    "a need that does not exist": (
        "apps.yaml",
        APPS + "    needs: {app/alfa: committed}\n",
        "phases/apps.yaml:6:13: apps.beta.needs.app/alfa: the plan has no app of this name, did you mean alpha? (got 'app/alfa')",
    ),
    "a typo of a state": (
        "apps.yaml",
        APPS + "    needs: {app/alpha: comitted}\n",
        (
            "phases/apps.yaml:6:24: apps.beta.needs.app/alpha: no state of this app, did you mean committed? (its states: "
            "planned, prepared, quiesced, transferred, started, routed, protected, committed, reclaimed) (got 'comitted')"
        ),
    ),
    "an unknown app": (
        "1-first.yaml",
        PHASE + "  - app: alpha\n  - app: betta\n",
        "phases/1-first.yaml:4:10: do.1.app: apps.yaml has no app of this name, did you mean beta? (got 'betta')",
    ),
    "an unknown node": (
        "1-first.yaml",
        PHASE + "  - {node: onee}\n",
        "phases/1-first.yaml:3:12: do.0.node: migration.yaml has no node of this name, did you mean one? (got 'onee')",
    ),
    "an unknown task": (
        "1-first.yaml",
        PHASE + "  - task: instal-tea\n",
        "phases/1-first.yaml:3:11: do.0.task: no task of this name (one of your own has ask: or seen:), did you mean install-tea? (got 'instal-tea')",
    ),
    "an unknown check": (
        "1-first.yaml",
        PHASE + "  - {task: t, seen: hold-hold}\n",
        "phases/1-first.yaml:3:21: do.0.seen: no check of this name, did you mean hold-holds? (got 'hold-hold')",
    ),
    "an unknown check of a phase": (
        "1-first.yaml",
        PHASE + "  - app: alpha\ndone-when: [hold-hold]\n",
        "phases/1-first.yaml:4:13: done-when.0: no check of this name, did you mean hold-holds? (got 'hold-hold')",
    ),
    "an item that is two things": (
        "1-first.yaml",
        PHASE + "  - {app: alpha, node: one}\n",
        "phases/1-first.yaml:3:5: do.0: should name one of app, node, task (got app and node)",
    ),
    "an app left inside an outage": (
        "1-first.yaml",
        PHASE + "  - {app: alpha, to: quiesced}\n",
        (
            "phases/1-first.yaml:3:22: do.0.to: a phase leaves an app at a gate (prepared, protected, committed); "
            "elsewhere it would be down or moving (got 'quiesced')"
        ),
    ),
    "a state of another kind of node": (
        "1-first.yaml",
        PHASE + "  - {node: two, to: drained}\n",
        (
            "phases/1-first.yaml:3:21: do.0.to: no state of this node, did you mean joined? (its states: absent, "
            "provisioned, installed, joined) (got 'drained')"
        ),
    ),
    "an empty row": ("1-first.yaml", PHASE + "  - app: alpha\n  - []\n", "phases/1-first.yaml:4:5: do.1: an empty list goes nowhere"),
    "an ask of an app": (
        "1-first.yaml",
        PHASE + "  - {app: alpha, ask: really?}\n",
        "phases/1-first.yaml:3:18: do.0.ask: belongs to a task (got 'ask')",
    ),
    "both ask and seen": (
        "1-first.yaml",
        PHASE + "  - {task: t, ask: really?, seen: hold-holds}\n",
        "phases/1-first.yaml:3:29: do.0.seen: a task is an ask or a seen, not both (got 'seen')",
    ),
    "an unknown rule": (
        "1-first.yaml",
        PHASE + "  - app: alpha\naccept: {every-app-has-its-tern: known}\n",
        (
            "phases/1-first.yaml:4:10: accept.every-app-has-its-tern: no rule of lint has this name, did you mean "
            "every-app-has-its-turn? (got 'every-app-has-its-tern')"
        ),
    ),
    "no YAML": ("1-first.yaml", "goal: [a\n", "phases/1-first.yaml:2:1: is not YAML: did not find expected ',' or ']'"),
    "an empty file": ("1-first.yaml", "# nothing\n", "phases/1-first.yaml:1:1: is empty"),
    "a file that is a list": ("1-first.yaml", "- a\n", "phases/1-first.yaml:1:1: should be a mapping of keys (got a list)"),
    "no UTF-8": ("1-first.yaml", b"goal: caf\xe9\n", "phases/1-first.yaml:1:10: is not UTF-8"),
    "a missing file": ("apps.yaml", None, "phases/apps.yaml:1:1: is missing"),
    "a tag": (
        "1-first.yaml",
        "goal: !vault x\ndo:\n  - app: alpha\n",
        "phases/1-first.yaml:1:7: goal: is not plain YAML (text, number, true or false)",
    ),
    "a file of no plan": (
        "two.yml",
        "a: 1\n",
        "phases/two.yml:1:1: is no file of a plan; a phase is N-name.yaml, lower case, beside migration.yaml and apps.yaml",
    ),
    "a number that stands twice": (
        "1-second.yaml",
        PHASE + "  - {task: t, ask: really?}\n",
        "phases/1-second.yaml:1:1: has the number of phases/1-first.yaml; the order would be a guess",
    ),
    "another schema": (
        "migration.yaml",
        TOP.replace("v1", "v2") + CLUSTERS,
        "phases/migration.yaml:1:9: schema: should be portkey.dev/v1, did you mean portkey.dev/v1? (got 'portkey.dev/v2')",
    ),
    "an unknown time zone": (
        "migration.yaml",
        TOP.replace("Berlin", "Berlinn") + CLUSTERS,
        "phases/migration.yaml:3:11: timezone: no time zone has this name, did you mean Europe/Berlin? (got 'Europe/Berlinn')",
    ),
    "a source that is Talos": (
        "migration.yaml",
        TOP + "source: {kind: talos}\ntarget: {kind: talos}\n",
        "phases/migration.yaml:4:16: source.kind: should be k3s (got 'talos')",
    ),
    "a bad uid": (
        "migration.yaml",
        TOP + "source: {kind: k3s, uid: abc}\ntarget: {kind: talos}\n",
        "phases/migration.yaml:4:26: source.uid: should be the UID of namespace kube-system, or pending (got 'abc')",
    ),
    "a VM id that is text": (
        "migration.yaml",
        TOP + CLUSTERS + "nodes: {one: {vm: '101', becomes: worker}}\n",
        "phases/migration.yaml:6:19: nodes.one.vm: should be a whole number (got '101')",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_told_with_its_place(name: str, faults: Faults) -> None:
    """The line that a person reads, whole."""
    file, text, expected = CASES[name]
    assert expected in faults({file: text})


def test_a_small_plan_has_no_fault(made: Made) -> None:
    """What the other tests break loads as it is."""
    plan = made({})
    assert (plan.name, list(plan.apps), [p.name for p in plan.phases]) == ("small", ["alpha", "beta"], ["1-first"])


def test_every_fault_is_told_in_one_run(faults: Faults) -> None:
    """Four faults in three files, in the order of the files, each once."""
    told = faults(
        {
            "migration.yaml": TOP + "source: {kind: k3s, vip: here}\ntarget: {kind: talos}\n",
            "apps.yaml": "apps:\n  alpha: {method: stateless, outage: yolo}\n  beta: {methd: stateless}\n",
            "1-first.yaml": PHASE + "  - app: alpha\n  - app: gamma\n",
        }
    )
    assert [":".join(line.removeprefix("phases/").split(":")[:2]) for line in told] == [
        "1-first.yaml:4",
        "apps.yaml:2",
        "apps.yaml:3",
        "apps.yaml:3",
        "migration.yaml:4",
    ]


def test_what_a_faulty_entry_is_named_is_known(faults: Faults) -> None:
    """Beta needs alpha; that alpha has a fault of its own does not make it unknown."""
    told = faults({"apps.yaml": "apps:\n  alpha: {method: stateless, soak: long}\n  beta: {method: stateless, needs: {app/alpha: committed}}\n"})
    assert len(told) == 1


def test_a_value_that_looks_like_a_time_of_day_is_no_number(faults: Faults) -> None:
    """PyYAML alone reads 14:30 as 870."""
    told = faults({"apps.yaml": APPS + "    outage: 14:30\n"})
    assert told == ["phases/apps.yaml:6:13: apps.beta.outage: should be a duration such as 3m, 1h30m or 7d (got '14:30')"]


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", f"a: {'[' * 500}{']' * 500}\n"])
def test_a_value_without_end_is_a_fault(text: str, faults: Faults) -> None:
    """An alias of itself and a nest of lists end in a message, not in the interpreter's limit."""
    assert any(line.startswith("phases/1-first.yaml:1:") for line in faults({"1-first.yaml": text}))
