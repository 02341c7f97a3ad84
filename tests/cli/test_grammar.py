"""One grammar everywhere; what is mistyped gets one clear error, exit 2, and not one byte is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate import session
from portkey_migrate.cli import subjects, words
from portkey_migrate.engine.moves import Outcome
from portkey_migrate.errors import Interrupted, Locked, Usage, WentBack

Typed = Callable[..., Any]


class Plan:
    """A plan as far as the command line looks at it."""

    name = "portkey"

    def subjects(self) -> list[str]:
        return ["phase/0-ready", "task/vm-snapshots", "app/speedtest", "app/vaultwarden", "node/metal2"]


class World:
    name = "lab:7"


class Recorded:
    """A session that records what it was asked and ends as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.ends: Any = Outcome("app/speedtest", "prepared", 0, ("app/speedtest is prepared",))
        self.world = World()
        self.opened = 0
        self.options: Any = None
        self.say: Any = None

    def _end(self) -> Any:
        if isinstance(self.ends, Exception):
            raise self.ends
        return self.ends

    def advance(self, subject: str | None, to: str | None = None) -> Any:
        self.asked.append(("advance", subject, to))
        return self._end()

    def rollback(self, subject: str, to: str | None = None) -> Any:
        self.asked.append(("rollback", subject, to))
        return self._end()

    def resolve(self, row: str, as_: str) -> Any:
        self.asked.append(("resolve", row, as_))
        return self._end()

    def stop(self) -> None:
        self.asked.append(("stop",))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, home: Path) -> Recorded:
    """Replaces the session; the grammar before it is the real one."""
    record = Recorded()

    @contextmanager
    def opened(folder: Path, state: Path, options: Any, say: Any) -> Iterator[Recorded]:
        record.opened += 1
        record.options, record.say = options, say
        yield record

    monkeypatch.setattr(session, "open", opened)
    monkeypatch.setattr(session, "load_plan", lambda _: Plan())
    return record


@pytest.mark.parametrize("spelling", [("app", "speedtest"), ("app/speedtest",)])
@pytest.mark.parametrize("verb", ["advance", "rollback"])
def test_both_spellings_are_one_subject(migrate: Typed, recorded: Recorded, verb: str, spelling: tuple[str, ...]) -> None:
    """`KIND NAME` and `KIND/NAME` mean the same."""
    said = migrate(verb, *spelling)
    assert (0, [(verb, "app/speedtest", None)]) == (said.status, recorded.asked)


def test_advance_without_a_subject_is_the_open_phase(migrate: Typed, recorded: Recorded) -> None:
    """Nothing typed is None, not a guess."""
    migrate("advance")
    assert recorded.asked == [("advance", None, None)]


def test_all_goes_back_and_never_forward(migrate: Typed, recorded: Recorded) -> None:
    """`all` is a word of rollback alone."""
    assert migrate("rollback", "all").status == 0
    assert migrate("advance", "all").status == 2
    assert recorded.asked == [("rollback", "all", None)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("advance", "app", "speedtets"), "migrate advance app speedtest"),
        (("rollback", "app/vaultwardn"), "migrate rollback app vaultwarden"),
        (("advance", "speedtest"), "migrate advance app speedtest"),
        (("advance", "apps", "speedtest"), "migrate advance app speedtest"),
        (("advance", "node", "speedtest"), "migrate advance app speedtest"),
        (("advnace", "app", "speedtest"), "migrate advance --help"),
        (("advance", "app", "speedtest", "--too", "prepared"), "migrate advance --help"),
        (("resolve", "7.4", "--as", "perhaps"), "migrate resolve --help"),
        (("history", "app", "speedtest", "--since", "yesterday"), "migrate history --since 2h"),
        (("lab", "wait", "soon"), "migrate lab wait 7d"),
    ],
)
def test_a_typo_is_exit_2_with_the_command_that_was_meant(migrate: Typed, recorded: Recorded, home: Path, typed: tuple[str, ...], meant: str) -> None:
    """One error on stderr, nothing on stdout, nothing opened, not one byte written."""
    said = migrate(*typed)
    assert (said.status, said.out, recorded.opened) == (2, "", 0)
    assert meant in said.err
    assert [entry.name for entry in home.iterdir()] == ["phases"]


def test_an_unknown_name_near_nothing_says_where_the_names_are(migrate: Typed, recorded: Recorded) -> None:
    """No guess is better than a wrong one."""
    said = migrate("advance", "app", "zzz")
    assert (said.status, recorded.opened) == (2, 0)
    assert "no app is named 'zzz'" in said.err


def test_a_verb_that_is_not_due_does_not_exist(migrate: Typed, home: Path) -> None:
    """A later verb is a usage error, not a promise."""
    assert [migrate(verb).status for verb in ("serve", "doctor", "init", "explain", "waive", "diff")] == [2] * 6


def test_progress_goes_to_stderr_and_the_result_to_stdout(migrate: Typed, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets the answer alone; the lab's screens say that it is one."""

    def advance(subject: str | None, to: str | None = None) -> Any:
        recorded.say({"event": "note", "text": "on its way"})
        return recorded.ends

    monkeypatch.setattr(recorded, "advance", advance)
    said = migrate("advance", "app", "speedtest")
    assert said.out == "app/speedtest is prepared\n"
    assert "This is the lab, seed 7" in said.err
    assert said.err.endswith("on its way\n")


def test_events_as_json_lines(migrate: Typed, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--events jsonl` streams what happens for programs."""

    def advance(subject: str | None, to: str | None = None) -> Any:
        recorded.say({"event": "state", "subject": "app/speedtest", "state": "prepared"})
        return recorded.ends

    monkeypatch.setattr(recorded, "advance", advance)
    lines = [json.loads(line) for line in migrate("advance", "app", "speedtest", "--events", "jsonl").err.splitlines()]
    assert [line["event"] for line in lines] == ["note", "state"]


def test_the_exit_status_is_the_errors(migrate: Typed, recorded: Recorded) -> None:
    """Locked is 5, and tells who, host, pid, since and what; as JSON it is one document on stdout."""
    recorded.ends = Locked(
        "another operator is moving this cluster", hint="migrate status", who="anna", host="ws-12", pid=4411, since="13:58:20", doing="app/paperless"
    )
    said = migrate("advance", "app", "speedtest", "-o", "json")
    document = json.loads(said.out)
    assert (said.status, document["kind"], document["code"], document["next"]) == (5, "Error", "PKM-0501", ["migrate status"])
    assert all(part in said.err for part in ("anna@ws-12 (pid 4411)", "13:58:20", "app/paperless"))


def test_an_outcome_that_went_back_prints_the_data_first(migrate: Typed, recorded: Recorded) -> None:
    """Its lines are the result on stdout; why and what next are on stderr; exit 6."""
    error = WentBack("probe-answers: 502", why="no endpoints", safe="Lost: nothing.", hint="migrate advance app speedtest")
    recorded.ends = Outcome("app/speedtest", "prepared", 6, ("app/speedtest is on K3s and answers. Lost: nothing.",), error)
    said = migrate("advance", "app", "speedtest")
    assert (said.status, said.out) == (6, "app/speedtest is on K3s and answers. Lost: nothing.\n")
    assert "PKM-0611" in said.err


def test_an_unexpected_error_is_pkm_0001_with_the_place_of_its_traceback(migrate: Typed, recorded: Recorded) -> None:
    """Exit 1, no traceback on the screen; the log that it names holds the traceback, no local's value and no word of the error."""
    recorded.ends = ZeroDivisionError("canary-word")
    said = migrate("advance", "app", "speedtest")
    assert (said.status, said.out, "Traceback" in said.err) == (1, "", False)
    log = Path(said.err.split("The traceback is in ")[1].split("unexpected.log")[0].replace("\n", "").strip()) / "unexpected.log"
    written = log.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in written
    assert "canary-word" not in written.partition("\n")[0] + said.err
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_keyboard_interrupt_is_130(migrate: Typed, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second Ctrl-C stops at once, and says that the journal can go on."""

    def advance(subject: str | None, to: str | None = None) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(recorded, "advance", advance)
    said = migrate("advance", "app", "speedtest")
    assert (said.status, "The same command goes on" in said.err) == (130, True)


def test_a_stop_inside_an_outage_says_what_is_down_and_the_two_ways(migrate: Typed, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first Ctrl-C: exit 130, down since when, on and back."""

    def advance(subject: str | None, to: str | None = None) -> Any:
        recorded.say({"event": "down", "subject": "app/speedtest"})
        raise Interrupted("stopped before scale-to-0")

    monkeypatch.setattr(recorded, "advance", advance)
    said = migrate("advance", "app", "speedtest")
    assert said.status == 130
    assert all(part in said.err for part in ("app/speedtest is down until", "migrate advance app speedtest", "migrate rollback app speedtest"))


def test_without_a_terminal_nobody_is_asked(migrate: Typed, recorded: Recorded) -> None:
    """The session learns before anything begins that no question can be answered."""
    migrate("advance", "app", "speedtest", "-y", "--confirm", "portkey")
    assert (recorded.options.prompt, recorded.options.yes, recorded.options.confirm) == (None, True, "portkey")


def test_the_environment_names_the_state_and_an_option_wins(migrate: Typed, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option wins over the environment, on the quick way and on the long one."""
    monkeypatch.setenv("PORTKEY_MIGRATE_STATE", str(home / "elsewhere"))
    quick, long = migrate("status").out, migrate("status", "--output=table").out
    assert quick == long
    assert "elsewhere/" in quick
    assert "mine/" in migrate("status", "--state", "mine").out


def test_no_plan_says_where_it_looked(migrate: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, nothing written."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    said = migrate("status")
    assert (said.status, str(tmp_path / "empty") in said.err) == (2, True)
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("verb", words.VERBS)
def test_every_verb_has_its_help_and_the_static_line_is_its_own(migrate: Typed, home: Path, verb: str) -> None:
    """The table of words and the modules agree: each verb is there, and answers --help."""
    said = migrate(verb, "--help")
    assert (said.status, said.out.startswith(f"Usage: migrate {verb}")) == (0, True)


def test_the_help_before_click_is_the_help_of_click(migrate: Typed, home: Path) -> None:
    """One page, whichever way it comes."""
    assert migrate("--help").out == migrate("-C", ".", "--help").out


@pytest.mark.parametrize("typed", [(), ("app/a/b",), ("app", "a", "b"), ("app/",), ("zzz", "a"), ("all",)])
def test_what_is_no_subject_is_said_to_be_none(typed: tuple[str, ...]) -> None:
    """Neither an empty name nor two names pass."""
    if not typed:
        assert subjects.parse(typed) is None
        return
    with pytest.raises(Usage):
        subjects.parse(typed)
