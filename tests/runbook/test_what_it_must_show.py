"""When the comparison says no, and how it is told."""

from __future__ import annotations

from typing import Any

from benchmarks.runbook_compared import OURS, RUNBOOK, WITHOUT, table, wrong
from benchmarks.runbook_page import destination
from portkey_migrate.lab.dns import Dns


def rows(**other: dict[str, Any]) -> list[dict[str, Any]]:
    """One seed as it must be, with what a test says otherwise."""
    good = {RUNBOOK: (5000, 3000.0), WITHOUT: (1200, 600.0), OURS: (0, 0.0)}
    figures = {name: {"lost_writes": lost, "double_writer_seconds": double, "outage_seconds": 20.0} for name, (lost, double) in good.items()}
    return [{"row": name, "seed": 1, **one, **other.get(name, {})} for name, one in figures.items()]


def test_a_comparison_as_it_must_be_has_no_fault() -> None:
    """The runbook loses and doubles, less so without self-heal, ours neither."""
    assert wrong(rows()) == []


def test_a_runbook_that_loses_nothing_is_a_fault() -> None:
    """Then the lab would not show what it claims."""
    assert wrong(rows(runbook={"lost_writes": 0})) == ["seed 1: the runbook's lost_writes is 0"]


def test_a_trap_that_is_turned_off_and_changes_nothing_is_a_fault() -> None:
    """Two writers for as long as with self-heal: it was not that trap that bit."""
    assert wrong(rows(runbook_without_self_heal={"double_writer_seconds": 3000.0})) == [
        "seed 1: without self-heal two writers are not there for less time"
    ]


def test_a_loss_of_ours_is_a_fault() -> None:
    """One write is too many, and so is a tenth of a second."""
    assert wrong(rows(ours={"lost_writes": 1})) == ["seed 1: our lost_writes is 1"]
    assert wrong(rows(ours={"double_writer_seconds": 0.1})) == ["seed 1: our double_writer_seconds is 0.1"]


def test_the_table_has_a_line_a_row_from_least_to_most() -> None:
    """As the README shows it."""
    both = [*rows(), *({**row, "seed": 2} for row in rows(runbook={"lost_writes": 5400}))]
    said = table(both).splitlines()
    assert said[2] == "| the written runbook | 5,000 to 5,400 | 3,000 | 20 |"
    assert said[4] == "| `migrate advance app vaultwarden` | 0 | 0 | 20 |"


def test_the_destination_is_the_pages_own() -> None:
    """It names a claim and no copyMethod: the benchmark does not mend the page, nor make it worse."""
    spec = destination(17)["spec"]
    assert spec["trigger"] == {"manual": "restore-17"}
    assert spec["restic"]["destinationPVC"] == "vaultwarden"
    assert "copyMethod" not in spec["restic"]


def test_a_host_that_is_set_by_hand_goes_before_the_wildcard() -> None:
    """And only that host."""
    dns = Dns({"*.lab.test": "10.0.0.1"})
    dns.point("a.lab.test", "10.0.0.2")
    assert (dns.resolve("a.lab.test"), dns.resolve("b.lab.test"), dns.resolve("elsewhere")) == ("10.0.0.2", "10.0.0.1", "")
