"""What every entry of a registry owes, so that a new step, trap, format or error is tested by being there."""

from __future__ import annotations

import re
from dataclasses import is_dataclass

import pytest

from portkey_migrate import checks, errors, steps
from portkey_migrate.lab import situations, traps
from portkey_migrate.report import build, formats
from portkey_migrate.report.paper import Paper

#: ux §2.2; 1 is what nobody expected.
EXITS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130}


def _tree(root: type[Exception]) -> list[type[errors.MigrateError]]:
    below = [one for child in root.__subclasses__() for one in _tree(child)]
    return [root, *below] if issubclass(root, errors.MigrateError) else below


ERRORS = {one.__name__: one for one in _tree(errors.MigrateError) if one.__module__ == errors.__name__}


@pytest.mark.parametrize("kind", sorted(kind for kind, step in steps.registry().items() if step.__module__.startswith("portkey_migrate.")))
def test_a_step_is_data(kind: str) -> None:
    """Its id on disk is lower case, its fields are JSON, its docstring says what it wants."""
    step = steps.registry()[kind]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind)
    assert is_dataclass(step)
    assert (step.__doc__ or "").strip()
    assert not (step.__doc__ or "").startswith(f"{step.__name__}(")


@pytest.mark.parametrize("name", sorted(traps.registry()))
def test_a_trap_says_how_it_is_known(name: str) -> None:
    """What happens, and a fact that stands for it; a guess says that it is one."""
    trap = traps.registry()[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert trap.facts
    assert trap.says.endswith(".")


@pytest.mark.parametrize("name", formats.names())
def test_a_format_renders_the_page_before_anything_has_begun(name: str) -> None:
    """A page without a journal is a page in every format."""
    text = formats.render(build.nothing_begun("state/"), name, Paper())
    assert text == "" or text.endswith("\n")
    assert "\x1b" not in text


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_an_error_has_a_code_and_an_exit_status_and_a_place_in_the_tree(name: str) -> None:
    """The tree in the module's docstring is where a person looks an error up."""
    error = ERRORS[name]
    assert re.fullmatch(r"PKM-\d{4}", error.code)
    assert [one.__name__ for one in ERRORS.values() if one.code == error.code] == [name]
    assert error.exit in EXITS
    assert name in (errors.__doc__ or "") or name in ("MustAsk", "JournalUnwritable", "Interrupted")


@pytest.mark.parametrize("id_", sorted(checks.registry()))
def test_a_check_has_its_situation_in_the_lab(id_: str) -> None:
    """A check that the lab cannot make refuse has never been seen to work."""
    assert checks.registry()[id_].situation in situations.registry()


@pytest.mark.parametrize("name", [name for name, one in situations.registry().items() if not one.passes])
def test_a_situation_has_its_check(name: str) -> None:
    """One situation, one check: `blocked_by` has one right answer."""
    assert [one.id for one in checks.registry().values() if one.situation == name] != []
