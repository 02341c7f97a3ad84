"""What is a person's own: kubeconfigs and contexts, never in the plan. One file in the XDG folder, or KUBECONFIG and two options.

    # ~/.config/portkey-migrate/<plan name>.yaml
    source: {kubeconfig: ~/.kube/k3s.yaml, context: k3s}
    target: {kubeconfig: ~/.kube/talos.yaml, context: admin@portkey}

An option wins over the environment, the environment over the file. A secret stands here as a reference (`env:`, `file:`, `cmd:`) only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from portkey_migrate.errors import NoKubeconfig, Usage

#: Part of what a later issue reads (Proxmox, Ceph) may stand in the file already; anything else is a typo.
_KNOWN = {"source", "target", "proxmox", "ceph"}
_OF_A_SIDE = {"kubeconfig", "context"}


@dataclass(frozen=True)
class Choice:
    """One side. "" where the person said nothing."""

    kubeconfig: str = ""
    context: str = ""


@dataclass(frozen=True)
class Settings:
    source: Choice = Choice()
    target: Choice = Choice()
    kubeconfig: str = ""  # where kubectl looks: KUBECONFIG, or ~/.kube/config; "" where there is none
    rest: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""  # the file that was read; "" where there was none


def file_of(plan_name: str, environ: Mapping[str, str]) -> Path:
    """Where a person's own file of this plan stands, there or not."""
    home = environ.get("HOME", "")
    folder = environ.get("XDG_CONFIG_HOME") or str(Path(home) / ".config")
    return Path(folder) / "portkey-migrate" / f"{plan_name}.yaml"


def load(plan_name: str, environ: Mapping[str, str], *, source_context: str = "", target_context: str = "", kubeconfig: str = "") -> Settings:
    """File, environment and options as one. A file with a fault in it raises `Usage`; no file is no fault."""
    path = file_of(plan_name, environ)
    said = _read(path)
    home = Path(environ.get("HOME", "")) / ".kube" / "config"
    common = kubeconfig or environ.get("KUBECONFIG", "") or (str(home) if home.is_file() else "")

    def side(name: str, context: str) -> Choice:
        one = said.get(name, {})
        own = "" if kubeconfig or environ.get("KUBECONFIG") else str(one.get("kubeconfig", ""))
        variable = environ.get(f"PORTKEY_MIGRATE_{name.upper()}_CONTEXT", "")
        return Choice(_expanded(own, environ), context or variable or str(one.get("context", "")))

    rest = {key: value for key, value in said.items() if key not in ("source", "target")}
    return Settings(side("source", source_context), side("target", target_context), common, rest, str(path) if said else "")


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    return str(Path(environ.get("HOME", "")) / path[2:]) if path.startswith("~/") else path


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NoKubeconfig(f"{path} cannot be read", why=error.strerror or type(error).__name__, hint=f"ls -l {path}") from None
    try:
        said = yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        # Not the YAML error itself: it quotes the line, and a person may have written a secret there.
        raise Usage(f"{path}{at}: not YAML: {error.problem}", hint=f"$EDITOR {path}") from None
    if not isinstance(said, dict) or not all(isinstance(said.get(side, {}), dict) for side in ("source", "target")):
        raise Usage(f"{path}: a mapping of source and target is wanted", hint=f"$EDITOR {path}")
    odd = sorted(set(said) - _KNOWN) + [f"{side}.{key}" for side in ("source", "target") for key in sorted(set(said.get(side, {})) - _OF_A_SIDE)]
    if odd:
        raise Usage(f"{path}: unknown key {odd[0]}", why="it knows source and target with kubeconfig and context, proxmox, ceph", hint=f"$EDITOR {path}")
    return said
