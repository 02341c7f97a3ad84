"""The subject as it is typed: `app NAME` or `app/NAME`, the same with every verb; and what it was probably meant to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from portkey_migrate.cli.words import KINDS, nearest
from portkey_migrate.errors import Usage


def argument(**kwargs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The words of a subject, in either spelling."""
    return click.argument("subject", nargs=-1, metavar="[KIND NAME]", shell_complete=_complete, **kwargs)


def parse(typed: Sequence[str], *, everything: bool = False, kind_alone: bool = False) -> str | None:
    """`app/NAME` for either spelling, None for nothing typed, `all` where it means something; `Usage` for the rest."""
    if not typed:
        return None
    if len(typed) == 1 and typed[0] == "all" and everything:
        return "all"
    words = typed[0].split("/", 1) if len(typed) == 1 and "/" in typed[0] else list(typed)
    kind, *names = words
    said = " ".join(typed)
    if kind not in KINDS:
        near = nearest(kind, list(KINDS)) or (kind[:-1] if kind[:-1] in KINDS else "")
        if near and names:
            meant = f"{near} {names[0]}"
            raise Usage(f"there is no kind {kind!r}, did you mean {near}?", hint=f"migrate {_verb()} {meant}")
        if len(words) == 1:
            raise Usage(
                f"{said!r} is a name without a kind",
                why=f"a subject is typed KIND NAME or KIND/NAME; the kinds are {', '.join(KINDS)}",
                hint=f"migrate {_verb()} app {kind}",
            )
        raise Usage(
            f"{said!r} is no subject",
            why=f"a subject is typed KIND NAME or KIND/NAME; the kinds are {', '.join(KINDS)}",
            hint=f"migrate {_verb()} --help",
        )
    if kind_alone and not names:
        return kind
    if len(names) != 1 or not names[0] or "/" in names[0]:
        raise Usage(f"{said!r} names no single subject", why="a subject is one kind and one name", hint=f"migrate {_verb()} --help")
    return f"{kind}/{names[0]}"


def known(subject: str | None, plan: Sequence[str], journal: Callable[[str], bool]) -> str | None:
    """The subject, if the plan or the journal knows it. An unknown one is exit 2 with the nearest name, before anything is opened."""
    if subject is None or subject == "all" or subject in plan or journal(subject):
        return subject
    kind, name = subject.split("/", 1)
    same = [one.split("/", 1)[1] for one in plan if one.startswith(f"{kind}/")]
    near = nearest(name, same)
    elsewhere = next((one for one in plan if one.split("/", 1)[1] == name), "")
    meant = f"{kind} {near}" if near else elsewhere.replace("/", " ", 1)
    raise Usage(
        f"no {kind} is named {name!r}" + (f", did you mean {meant}?" if meant else ""),
        why=f"neither the plan nor the journal knows {subject}",
        hint=f"migrate {_verb()} {meant}" if meant else "migrate status -o name",
    )


def _verb() -> str:
    context = click.get_current_context(silent=True)
    return context.info_name or "status" if context else "status"


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Kinds, and names of the journal: a tab must not load a plan."""
    from portkey_migrate.cli.looking import names_known

    typed = list(ctx.params.get("subject") or ())
    names = names_known((ctx.obj or {}).get("home"), ctx.params.get("state"))
    if typed:
        return [one.split("/", 1)[1] for one in names if one.startswith(f"{typed[0]}/{incomplete}")]
    return [word for word in (*KINDS, *names) if word.startswith(incomplete)]
