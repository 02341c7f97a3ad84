"""The screens that people meet, golden at 80 and 120 columns and piped."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.report import build, formats
from portkey_migrate.report.paper import Paper
from portkey_migrate.report.status import Report

GOLDEN = Path(__file__).parent / "golden"
PAPERS = {"80": Paper(80), "120": Paper(120), "piped": Paper()}


def check_golden(name: str, text: str) -> None:
    """Compares with the golden file; PKM_UPDATE_GOLDEN=1 writes it anew, and a review reads it."""
    file = GOLDEN / name
    if os.environ.get("PKM_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@pytest.fixture
def report(snapshot: Any, now: datetime) -> Report:
    return build.build(snapshot, place="state/", now=now, tz=UTC)


@pytest.mark.parametrize("paper", PAPERS)
def test_status_reads_as_its_golden_screen(report: Report, moment: str, paper: str) -> None:
    """`migrate status` at each moment, on each paper."""
    check_golden(f"status-{moment}-{paper}.txt", formats.render(report, "table", PAPERS[paper]))


def test_the_page_for_the_team_reads_as_its_golden_file(report: Report, moment: str) -> None:
    """`migrate report -o markdown` at each moment."""
    check_golden(f"report-{moment}.md", formats.render(report, "markdown", Paper()))


@pytest.mark.parametrize("paper", PAPERS)
def test_before_anything_it_says_so(paper: str) -> None:
    """Without a journal the screen is not an error."""
    check_golden(f"status-before-{paper}.txt", formats.render(build.nothing_begun("state/"), "table", PAPERS[paper]))


def test_the_page_before_anything() -> None:
    """The team's page before the first command."""
    check_golden("report-before.md", formats.render(build.nothing_begun("state/"), "markdown", Paper()))


def test_at_80_columns_no_line_is_longer_and_no_name_is_cut(report: Report) -> None:
    """Prose folds; a name, a state and a command stand whole."""
    text = formats.render(report, "table", Paper(80))
    as_they_are = [f"    {line}" for one in report.apps for line in one.mends]  # to be copied, so never folded
    assert [line for line in text.splitlines() if len(line) > 80 and line not in as_they_are] == []
    assert [one.subject for one in report.apps if one.symbol != "○" and one.subject.split("/")[1] not in text] == []
    assert [command for command, _ in report.next if command not in text] == []


def test_the_document_says_what_the_screen_says(report: Report) -> None:
    """JSON carries apiVersion, kind, the headline and the commands; YAML is the same document."""
    document = json.loads(formats.render(report, "json", Paper()))
    assert ("portkey.dev/v1", "Report", report.headline) == (document["apiVersion"], document["kind"], document["headline"])
    assert [command for command, _ in report.next] == [one["command"] for one in document["next"]]
    import yaml

    assert document == yaml.safe_load(formats.render(report, "yaml", Paper()))


def test_every_format_renders_every_moment(report: Report) -> None:
    """A format is a format by being there, so each is tried on each page."""
    assert [name for name in formats.names() if not formats.render(report, name, Paper(80)).endswith("\n")] == []


def test_a_rehearsal_says_that_it_is_one(made: Any, now: datetime) -> None:
    """The seed stands on the screen, in the page and in the document."""
    report = build.build(made["in-the-soak"](), place="state/", now=now, tz=UTC)
    assert "This is the lab, seed 7" in formats.render(report, "table", Paper(80))
    assert "This is the lab, seed 7" in formats.render(report, "markdown", Paper())
    assert report.document()["world"] == "lab:7"


def test_a_pipe_gets_no_colour_and_a_terminal_gets_words_beside_the_symbols(report: Report) -> None:
    """ANSI only where asked for; without it nothing is lost."""
    assert "\x1b" not in formats.render(report, "table", Paper())
    coloured = formats.render(report, "table", Paper(80, colour=True))
    plain = formats.render(report, "table", Paper(80))
    assert plain == "".join(part.split("m", 1)[1] if n else part for n, part in enumerate(coloured.split("\x1b[")))


def test_where_symbols_cannot_be_shown_ascii_stands_for_them(report: Report) -> None:
    """A latin-1 terminal gets + ~ = x o."""
    text = formats.render(report, "table", Paper(80, ascii=True))
    assert text.isascii()


def test_the_route_begun_means_that_talos_holds_the_data(made: Any, now: datetime) -> None:
    """The pivot is crossed when the first attempt of its step is committed, whether an answer came or not."""
    before = build.build(made["in-the-middle"](), place="state/", now=now, tz=UTC)
    after = build.build(made["crashed"](), place="state/", now=now, tz=UTC)
    assert (before.apps[0].serves, after.apps[0].serves) == ("K3s", "Talos")


def test_what_is_down_is_counted_from_the_journal(made: Any, now: datetime) -> None:
    """Since when, how long, of how much; and its data is whole."""
    report = build.build(made["down"](), place="state/", now=now, tz=UTC)
    assert (report.apps[0].down, report.apps[0].serves) == ("38s of 3m", "nobody")
    said = "app/vaultwarden is down since 14:01:29, 38s of 3m: its data is whole, K3s is being stopped. It is being moved."
    assert report.headline.startswith(said)
