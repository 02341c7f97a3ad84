"""The options that several verbs share, spelled once: the same flag means the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from portkey_migrate.report import formats

Command = Callable[..., Any]


def output(*only: str) -> Callable[[Command], Command]:
    """`-o FORMAT`; `only`: the formats that a verb has, else every file in report/formats."""
    return click.option(
        "-o", "--output", type=click.Choice(list(only) or formats.names()), default="table", show_default=True, help="What the answer looks like."
    )


def places(command: Command) -> Command:
    """`-C` and `--state`, after the verb as before it."""
    command = click.option("--state", metavar="DIR", help="The folder of the journal, else state/ beside phases/.", envvar="PORTKEY_MIGRATE_STATE")(
        command
    )
    return click.option("-C", "home", metavar="DIR", help="The folder that holds phases/; else the nearest from here upwards.")(command)


def utc(command: Command) -> Command:
    return click.option("--utc", is_flag=True, help="Times in UTC, else as on this machine.")(command)


def clusters(command: Command) -> Command:
    """How the two clusters are reached, where no settings file of one's own says it."""
    for name, help_ in (
        ("--target-context", "The kubeconfig context of the Talos cluster."),
        ("--source-context", "The kubeconfig context of the K3s cluster."),
    ):
        command = click.option(name, metavar="NAME", help=help_)(command)
    return click.option("--kubeconfig", metavar="FILE", help="Else $KUBECONFIG, whose lists are merged.")(command)


def answers(command: Command) -> Command:
    """How questions are answered without a terminal. `-y` never answers a severe one."""
    command = click.option("--no-input", is_flag=True, help="Never ask; what nothing answers is exit 2.")(command)
    command = click.option("--confirm", metavar="NAME", default="", help="Answers one severe question: the name that it asks for.")(command)
    return click.option("-y", "--yes", is_flag=True, help="Answers the moderate questions (an outage, a lossless pivot); never a severe one.")(
        command
    )
