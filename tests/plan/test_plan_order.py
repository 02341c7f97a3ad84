"""An order that cannot work is a fault before anything moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portkey_migrate.model import Plan

Files = Mapping[str, str | bytes | None]
Faults = Callable[[Files], list[str]]
Made = Callable[[Files], Plan]

PHASE = "goal: g\n"


def apps(*needs: str) -> str:
    """Apps alpha, beta, gamma, each with its needs."""
    names = ("alpha", "beta", "gamma")
    return "apps:\n" + "".join(f"  {name}: {{method: stateless, needs: {{{need}}}}}\n" for name, need in zip(names, needs, strict=False))


def test_a_circle_is_named_whole(faults: Faults) -> None:
    """Three apps that wait for each other; who stands in a circle is told once."""
    told = faults(
        {
            "apps.yaml": apps("app/beta: committed", "app/gamma: committed", "app/alpha: committed"),
            "1-first.yaml": PHASE + "do: [{app: alpha}, {app: beta}, {app: gamma}]\n",
        }
    )
    assert told == [
        "phases/apps.yaml:2:38: apps.alpha.needs.app/beta: the needs go in a circle: app/alpha -> app/beta -> app/gamma -> app/alpha (got 'app/beta')"
    ]


def test_an_app_that_needs_itself_is_a_circle(faults: Faults) -> None:
    """The smallest one."""
    told = faults({"apps.yaml": apps("app/alpha: committed", ""), "1-first.yaml": PHASE + "do: [{app: alpha}, {app: beta}]\n"})
    assert "circle: app/alpha -> app/alpha" in told[0]


def test_phases_that_need_each_other_are_a_circle(faults: Faults) -> None:
    """A phase waits for its items too."""
    told = faults(
        {
            "1-first.yaml": PHASE + "needs: {phase/2-second: closed}\ndo: [{app: alpha}, {app: beta}]\n",
            "2-second.yaml": PHASE + "needs: {phase/1-first: closed}\ndo: [{task: t, ask: ok?}]\n",
        }
    )
    assert "circle: phase/1-first -> phase/2-second -> phase/1-first" in told[0]


def test_an_app_cannot_need_the_phase_that_holds_it(faults: Faults) -> None:
    """It would wait for its own end."""
    told = faults({"apps.yaml": apps("phase/1-first: closed", ""), "1-first.yaml": PHASE + "do: [{app: alpha}, {app: beta}]\n"})
    assert "circle" in told[0]


def test_what_is_needed_comes_first(faults: Faults) -> None:
    """Beta before alpha, which it needs."""
    told = faults({"1-first.yaml": PHASE + "do:\n  - app: beta\n  - app: alpha\n"})
    assert told == [
        "phases/apps.yaml:8:13: apps.beta.needs.app/alpha: app/beta needs it before phase 1-first takes it there (got 'app/alpha: committed')"
    ]


def test_what_goes_side_by_side_needs_nothing_of_each_other(faults: Faults) -> None:
    """One row begins together."""
    assert "before phase 1-first" in faults({"1-first.yaml": PHASE + "do: [[{app: alpha}, {app: beta}]]\n"})[0]


def test_what_no_phase_reaches_is_waited_for_in_vain(faults: Faults) -> None:
    """Alpha is prepared only; beta needs it committed."""
    told = faults({"1-first.yaml": PHASE + "do: [{app: alpha, to: prepared}, {app: beta}]\n"})
    assert "app/beta would wait for ever: phase 1-first takes it only to prepared" in told[0]


def test_what_no_phase_names_is_waited_for_in_vain(faults: Faults) -> None:
    """Alpha is in no phase at all."""
    assert "app/beta would wait for ever: no phase names it" in faults({"1-first.yaml": PHASE + "do: [{app: beta}]\n"})[0]


def test_a_phase_needs_only_earlier_ones(faults: Faults) -> None:
    """The first cannot wait for the third."""
    told = faults(
        {
            "1-first.yaml": PHASE + "needs: {phase/2-second: closed}\ndo: [{app: alpha}, {app: beta}]\n",
            "2-second.yaml": PHASE + "do: [{task: t, ask: ok?}]\n",
        }
    )
    assert told == [
        "phases/1-first.yaml:2:9: needs.phase/2-second: phase/1-first comes before the end of what it needs (got 'phase/2-second: closed')"
    ]


def test_an_app_is_in_one_phase(faults: Faults) -> None:
    """Two phases that name it would both own its way back."""
    told = faults({"2-second.yaml": PHASE + "do:\n  - app: beta\n"})
    assert told == ["phases/2-second.yaml:3:10: do.0.app: app/beta is in phase 1-first already (got 'app/beta')"]


def test_a_subject_goes_forward_in_its_phase(made: Made, faults: Faults) -> None:
    """Prepared first and committed later is an order; twice the same is none."""
    plan = made({"1-first.yaml": PHASE + "do: [[{app: alpha, to: prepared}, {app: beta, to: prepared}], {app: alpha}]\n", "apps.yaml": apps("", "")})
    assert [item.to for row in plan.phases[0].items for item in row] == ["prepared", "prepared", "committed"]
    assert (
        "app/alpha is taken to committed already"
        in faults({"1-first.yaml": PHASE + "do: [{app: alpha}, {app: alpha, to: prepared}]\n", "apps.yaml": apps("", "")})[0]
    )


def test_a_long_chain_of_needs_is_no_circle(made: Made) -> None:
    """Two thousand apps, each needing the one before: deeper than the interpreter's stack."""
    names = [f"a{n}" for n in range(2000)]
    listed = "".join(f"  {name}: {{method: stateless{f', needs: {{app/a{n - 1}: committed}}' if n else ''}}}\n" for n, name in enumerate(names))
    plan = made({"apps.yaml": f"apps:\n{listed}", "1-first.yaml": PHASE + "do:\n" + "".join(f"  - app: {name}\n" for name in names)})
    assert len(plan.apps) == 2000


def test_a_new_machine_has_states_of_its_own(made: Made) -> None:
    """It is provisioned, and then joins; an old one is drained first."""
    plan = made({"1-first.yaml": PHASE + "do: [{node: two, to: provisioned}, {node: one}, {node: two}]\n"})
    assert [(item.subject, item.to) for row in plan.phases[0].items for item in row] == [
        ("node/two", "provisioned"),
        ("node/one", "joined"),
        ("node/two", "joined"),
    ]
