"""The grammar: one lazy group, so that a verb's module is imported when it is typed and never before."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import click

from portkey_migrate.cli import quick, words
from portkey_migrate.errors import MigrateError, Usage


class LazyGroup(click.Group):
    """Knows the verbs by name; the help shows the static short texts of `words.py`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(words.VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in words.VERBS:
            return None
        command: click.Command = importlib.import_module(f"portkey_migrate.cli.verbs.{cmd_name}").command
        command.short_help = words.VERBS[cmd_name]
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown verb names the nearest one."""
        verb = args[0]
        if verb not in words.VERBS and not verb.startswith("-"):
            near = words.nearest(verb, list(words.VERBS))
            raise Usage(
                f"there is no verb {verb!r}" + (f", did you mean {near}?" if near else ""),
                why=f"the verbs are {', '.join(words.VERBS)}",
                hint=f"migrate {near} --help" if near else "migrate --help",
            )
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The same page that is shown before click is imported."""
        return words.root_help(quick.program()).rstrip("\n")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Verbs from the static table: pressing tab imports none of them."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(verb, help=says) for verb, says in words.VERBS.items() if verb.startswith(incomplete)]


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "PORTKEY_MIGRATE"}, invoke_without_command=False
)
@click.option("-C", "home", metavar="DIR", help="The folder that holds phases/; else the nearest from here upwards.")
@click.version_option(package_name="portkey-migrate", prog_name="portkey-migrate", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context, home: str | None) -> None:
    """Carries a live K3s cluster to Talos, app by app, with a written way back."""
    ctx.obj = {"home": home}


def run(argv: Sequence[str]) -> int:
    """The exit status of a command line. Errors of ours pass through; click's own become `Usage`."""
    try:
        status = root.main(args=list(argv), prog_name=quick.program(), standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as wrong:
        raise _usage(wrong, argv) from None
    return int(status or 0)


def _usage(wrong: click.ClickException, argv: Sequence[str]) -> MigrateError:
    verb = next((word for word in argv if word in words.VERBS), "")
    what = wrong.format_message().strip().rstrip(".")
    hint = f"migrate {verb} --help" if verb else "migrate --help"
    near = getattr(wrong, "possibilities", None)
    if near and "Did you mean" not in what:
        what += f", did you mean {min(near)}?"
    return Usage(what[:1].lower() + what[1:], hint=hint)
