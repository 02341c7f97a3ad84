"""A move while it happens, line by line: what is done, what is waited for, what people see right now. Goes to stderr."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from portkey_migrate.report import words

_SYMBOLS = {"ok": "✔", "warn": "!", "skip": "·", "block": "✖", "unknown": "✖", "not-yet": "◐"}
#: A wait is named once when it begins to be noticed, then each time it has doubled: a log stays readable over a long one.
_FIRST_WAIT = 2.0


class Progress:
    """Turns the engine's events into lines. Remembers only what it has already said."""

    def __init__(self, tz: tzinfo | None = None) -> None:
        self._tz = tz
        self._subject = ""
        self._waited: dict[str, float] = {}
        self._passed: list[str] = []  # guards that are well: named in one line, so that the one that is not stands out
        self._resumed: dict[str, int] = {}  # step whose answer the last run did not see → its attempts then
        self.down_since: datetime | None = None
        self.down = False

    def lines(self, event: Mapping[str, Any]) -> list[str]:
        """What to print for one event; nothing for one that says nothing new."""
        say = getattr(self, f"_on_{event.get('event', '')}", None)
        if say is None:
            return []
        if event.get("guard") and event.get("verdict") == "ok":
            self._passed.append(str(event["name"]))
            return []
        passed = [f"  ✔ {words.count(len(self._passed), 'check')}: {', '.join(self._passed)}"] if self._passed else []
        self._passed = []
        return passed + self._said(event, say)

    def _said(self, event: Mapping[str, Any], say: Callable[[Mapping[str, Any]], list[str]]) -> list[str]:
        subject = str(event.get("subject") or "")
        head = [f"{subject}"] if subject and subject != self._subject and event["event"] != "begin" else []
        self._subject = subject or self._subject
        said = say(event)
        return [*head, *said] if said else []

    def _on_begin(self, event: Mapping[str, Any]) -> list[str]:
        back = event.get("direction") == "back"
        tail = "the way back; its steps were written down before the first one" if back else "the way back is written down before each step"
        lines = [f"{event['subject']}   {event['leaves']} -> {event['reaches']}: {tail}"]
        if event.get("pivot") and not back:
            typed = words.typed(event["subject"])
            lines.append(f"  the pivot: from here new writes live on Talos; nothing goes back by itself, `migrate rollback {typed}` does")
        return lines

    def _on_step(self, event: Mapping[str, Any]) -> list[str]:
        return [self._done(event)]

    def _on_check(self, event: Mapping[str, Any]) -> list[str]:
        return [self._done(event)]

    def _done(self, event: Mapping[str, Any]) -> str:
        verdict = str(event.get("verdict", "ok"))
        name = str(event.get("name", ""))
        self._waited.pop(name, None)
        took = event.get("took")
        attempt = event.get("attempt") or 0
        again = f"   attempt {attempt}" if isinstance(attempt, int) and attempt > 1 else ""
        seconds = words.duration(float(took)) if isinstance(took, int | float) else ""
        why = str(event.get("why") or "")
        word = "" if verdict == "ok" else f"{verdict}: "
        said = f"  {_SYMBOLS.get(verdict, '·')} {name:<42} {seconds:>7}{again}" + (f"   {word}{why}" if why or word else "")
        return said + self._it_happened(name, attempt) + _down(event)

    def _it_happened(self, name: str, attempt: int) -> str:
        """Of the step that the last run left without an answer: what the look at its object told."""
        before = self._resumed.pop(name, None)
        if before is None:
            return ""
        return "   asked: it had happened, nothing was repeated" if attempt == before else "   asked: it had not happened, it was done now"

    def _on_wait(self, event: Mapping[str, Any]) -> list[str]:
        name, passed = str(event.get("name", "")), float(event.get("for") or 0.0)
        due = self._waited.get(name, _FIRST_WAIT)
        if passed < due:
            return []
        self._waited[name] = max(passed * 2, due * 2)
        reason = f"waits for {event['waits_for']}" if event.get("waits_for") else "not yet"
        return [f"  ◐ {name:<42} {words.duration(passed):>7}   {reason}: {event.get('why') or 'no answer so far'}{_down(event)}"]

    def _on_resumed(self, event: Mapping[str, Any]) -> list[str]:
        """What the last run left: who, how far, and what nobody saw the answer of."""
        said = f"  Last: {event.get('who') or 'somebody'}, {event['subject']} {event['leaves']} -> {event['reaches']}"
        said += f", step {event['step']} of {event['of']}"
        sent = event.get("sent")
        if not isinstance(sent, datetime):
            return [f"{said}, {event['name'] or 'all steps done'}, not begun. Going on."]
        self._resumed[str(event["name"])] = int(event.get("attempt") or 0)
        answer = "answered, not yet seen to have come" if event.get("reply") == "ok" else "no result"
        return [f"{said}, {event['name']}, intent {words.clock(sent, sent, self._tz)}, {answer}. Asking whether it happened."]

    def _on_state(self, event: Mapping[str, Any]) -> list[str]:
        return [f"{event['subject']} is {event['state']}"]

    def _on_down(self, event: Mapping[str, Any]) -> list[str]:
        since = event.get("since")
        self.down = True
        if isinstance(since, datetime):
            self.down_since = since
            return [f"  ▌ down since {words.clock(since, since, self._tz)}: people cannot use it"]
        return ["  ▌ down: people cannot use it"]

    def _on_up(self, event: Mapping[str, Any]) -> list[str]:
        self.down, self.down_since = False, None
        seconds = event.get("for", event.get("seconds"))
        return [f"  ▏ up again, down for {words.duration(float(seconds))}" if isinstance(seconds, int | float) else "  ▏ up again"]

    def _on_note(self, event: Mapping[str, Any]) -> list[str]:
        return [f"  {event['text']}"]

    def _on_users(self, event: Mapping[str, Any]) -> list[str]:
        return [f"  people now: {event['text']}"]


def _down(event: Mapping[str, Any]) -> str:
    """`   ▌ down 14s of 3m`: on every line inside an outage, so that nobody has to subtract times at night."""
    seconds = event.get("down")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return ""
    budget = event.get("budget")
    return f"   ▌ down {words.duration(float(seconds))}" + (f" of {words.duration(float(budget))}" if budget else "")
