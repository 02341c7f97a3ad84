"""What refuses a move before it begins: nothing was sent, nothing is changed, the state stays."""

from __future__ import annotations

from portkey_migrate import checks, machines
from portkey_migrate.engine.goingback import going_back
from portkey_migrate.engine.known import Known
from portkey_migrate.engine.until import until
from portkey_migrate.errors import Blocked, OutsideWindow, Refused, Usage
from portkey_migrate.journal.rows import Subject
from portkey_migrate.plan.windows import opens
from portkey_migrate.recipes import Go, Method
from portkey_migrate.systems.at import At

WALKABLE = 25.0  # seconds for a look that waits for a node's next Lease, every 10 s


class Refusals(Known):
    """Questions that need no check: gates, needs, soaks, windows, and whether somebody is there to answer."""

    def _may_reach(self, subject: Subject, to: str | None) -> None:
        kind = self.kind(subject)
        if to is None:
            return
        if to not in machines.STATES[kind]:
            raise Usage(f"no state of {kind} is named {to}", hint=f"migrate graph {kind}")
        if to not in machines.GATES[kind] and not self.rehearsal:
            raise Usage(
                f"--to takes a gate ({', '.join(machines.GATES[kind])}); {to} is inside a move and only for rehearsals",
                hint=f"migrate advance {subject.id}",
            )
        method = self.method(subject)
        if to not in self.states(subject, method):
            raise Usage(f"method {method.name} has no state {to}", hint=f"migrate graph {subject.id}")

    def _waits(self, subject: Subject, there: str) -> None:
        needs = self._what(subject).needs
        for need in needs:
            have = self.subject(need.subject)
            states = machines.way(self.kind(have))
            if states.index(have.state) < states.index(need.state):
                raise Refused(f"{subject.id} needs {need.subject} {need.state}; it is {have.state}", hint=f"migrate advance {need.subject}")
        if there == "committed" and self.soaks(subject) and subject.soak_until is not None:
            left = (subject.soak_until - self.ports.clock.now()).total_seconds()
            raise Refused(
                f"{subject.id} soaks until {subject.soak_until:%Y-%m-%d %H:%M} UTC ({_span(left)} left)",
                hint="migrate status",
                check="soak-is-over",
                until=subject.soak_until,
            )

    def soaks(self, subject: Subject) -> bool:
        """Whether an app stands in its soak: a gate that only time opens."""
        return subject.state == "protected" and subject.soak_until is not None and self.ports.clock.now() < subject.soak_until

    def _can_answer(self, subject: Subject, method: Method, at: At, there: str, goal: str) -> None:
        recipe = self._items(subject, method, at)
        states = list(recipe)
        ahead = states[states.index(there) : states.index(goal) + 1]
        if any(isinstance(item, Go) for state in ahead for item in recipe[state]) and not self.ports.people.can_answer(severe=False):
            raise Usage(
                f"{subject.id}: the move to {goal} asks before it takes the route, and nobody is there to answer",
                hint=f"migrate advance {subject.id} -y",
            )

    def _window(self, subject: Subject, method: Method) -> None:
        """Asked before an outage begins, never for a way back or inside one."""
        if subject.kind != "app" or not method.down or subject.state != "prepared":
            return
        window = self.app(subject).window
        when = opens(window, self.plan.timezone, self.ports.clock.now()) if window else None
        if window and when is not None:
            raise OutsideWindow(
                f"{subject.id} moves {window.text} ({self.plan.timezone}); it opens {when:%a %Y-%m-%d %H:%M}",
                hint=f"migrate advance {subject.id}",
                opens=when,
            )

    def _ask_back(self, subject: Subject, method: Method, there: str) -> None:
        crossed = self._crossed(subject)
        needed = [f"{s.id} ({s.state})" for s in self.journal.subjects() if self._leans_on(s, subject.id)]
        if needed:
            raise Refused(
                f"{subject.id} does not go back while something later needs it: {', '.join(needed)}", hint=f"migrate rollback {needed[0].split()[0]}"
            )
        if not crossed:
            return
        at = self.at(subject)
        walkable = ""
        if "way-back-is-walkable" in checks.registry():
            answer = checks.by_id("way-back-is-walkable").ask(at.fresh())
            if not answer.passes:
                raise Blocked(
                    f"way-back-is-walkable: {answer.why}", hint=f"migrate preflight {subject.id}", check="way-back-is-walkable", answer=answer
                )
            walkable = answer.why
        for id_ in method.may_go_back:
            # Before anybody is down: a way back that must stop half-way is not begun. The node's next Lease may be waited for.
            answer = until(at, lambda id_=id_: checks.by_id(id_).ask(at), WALKABLE)  # type: ignore[misc] # mypy cannot type a default of a lambda
            if not answer.passes:
                raise Blocked(f"{id_}: {answer.why}", hint=f"migrate rollback {subject.id} (once it has)", check=id_, answer=answer)
        if method.down:
            question = going_back(subject, at, self.journal.transitions(subject.id), self._begun(subject, there), method.back_takes, walkable)
            if not self.ports.people.can_answer(severe=False):
                raise Usage(f"nobody is there to answer: {question}", hint=f"migrate rollback {subject.id} -y")
            if not self.ports.people.agrees(question):
                raise Refused("the answer was no", hint=f"migrate rollback {subject.id}")


def _span(seconds: float) -> str:
    minutes = int(seconds // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return f"{days}d {hours}h" if days else f"{hours}h {minutes}m" if hours else f"{minutes}m"
