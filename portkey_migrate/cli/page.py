"""docs/commands.md, from the commands themselves: `python -m portkey_migrate.cli.page > docs/commands.md`. A test holds the two equal."""

from __future__ import annotations

import sys

import click

from portkey_migrate.cli import words
from portkey_migrate.cli.root import root
from portkey_migrate.report import formats

HEAD = """\
# Commands

Made from the commands themselves by `make docs`; edit their help, not this page.
A subject is typed `KIND NAME` or `KIND/NAME`, kinds app, node, task and phase. `-o` takes: {formats}.
"""


def page() -> str:
    """Every verb with its help, in the order of the first page."""
    parts = [HEAD.format(formats=", ".join(formats.names()))]
    above = click.Context(root, info_name="migrate", **root.context_settings)
    for verb in words.VERBS:
        command = root.get_command(above, verb)
        if command is not None:
            parts += _of(command, verb, above)
    return "\n".join(parts)


def _of(command: click.Command, name: str, above: click.Context) -> list[str]:
    context = click.Context(command, info_name=name, parent=above, terminal_width=110, max_content_width=110)
    out = [f"## {context.command_path}\n", f"```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                out += _of(found, inner, context)
    return out


if __name__ == "__main__":
    sys.stdout.write(page())
