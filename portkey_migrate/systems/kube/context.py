"""Which cluster is meant: a kubeconfig and the name of a context in it, for each side."""

from __future__ import annotations

from dataclasses import dataclass

from portkey_migrate.errors import NoKubeconfig
from portkey_migrate.model import Side
from portkey_migrate.systems.kube import wire
from portkey_migrate.systems.settings import Settings


@dataclass(frozen=True)
class KubeContext:
    """`kubeconfig` may name several files, as KUBECONFIG does. `named`: it is not where kubectl looks by itself, so a command says it."""

    kubeconfig: str
    name: str
    named: bool = False

    @property
    def kubectl(self) -> tuple[str, ...]:
        """How a typed command begins. Never the current context: it is whatever was used last."""
        return ("kubectl", *(("--kubeconfig", self.kubeconfig) if self.named else ()), "--context", self.name)


def load_contexts(settings: Settings) -> dict[Side, KubeContext]:
    """Both sides' contexts; raises `NoKubeconfig` where a file or a context is not there, before anything is connected."""
    out: dict[Side, KubeContext] = {}
    sides: tuple[Side, ...] = ("source", "target")
    for side in sides:
        choice = settings.source if side == "source" else settings.target
        path = choice.kubeconfig or settings.kubeconfig
        if not path:
            raise NoKubeconfig("no kubeconfig is known", why="KUBECONFIG is not set and ~/.kube/config is not there", hint="export KUBECONFIG=FILE")
        there = wire.contexts_in(path)
        if not choice.context:
            raise NoKubeconfig(
                f"no context is named for the {side}",
                why=f"{path} holds {', '.join(there) or 'none'}",
                hint=f"migrate preflight --{side}-context NAME",
            )
        if choice.context not in there:
            raise NoKubeconfig(f"context {choice.context} is not in {path}", why=f"it holds {', '.join(there) or 'none'}", hint="kubectl config get-contexts")
        out[side] = KubeContext(path, choice.context, named=bool(choice.kubeconfig))
    return out
