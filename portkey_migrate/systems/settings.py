"""What is a person's own: kubeconfigs and contexts, never in the plan. One file in the XDG folder, or KUBECONFIG and two options.

    # ~/.config/portkey-migrate/<plan name>.yaml
    source: {kubeconfig: ~/.kube/k3s.yaml, context: k3s}
    target: {kubeconfig: ~/.kube/talos.yaml, context: admin@portkey}
    proxmox: {url: "https://192.168.0.2:8006", token: "cmd:pass show portkey/proxmox", fingerprint: "AB:CD:…"}
    ceph: {rbd: [ssh, shire, rbd], ceph: [ssh, shire, ceph]}

An option wins over the environment, the environment over the file. A secret stands here as a reference (`env:`, `file:`, `cmd:`) only.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from portkey_migrate.errors import NoKubeconfig, Usage
from portkey_migrate.ports import Run

SIDES = ("source", "target")
#: Anything else is a typo. Proxmox and Ceph are read when something asks for them.
_KNOWN = frozenset({*SIDES, "proxmox", "ceph"})
_OF_A_SIDE = frozenset({"kubeconfig", "context"})
_OF_PROXMOX = frozenset({"url", "token", "fingerprint"})
_FETCH = 30.0  # seconds that a command may take to give a secret: a person may have to touch a key


class Given(Protocol):
    """What was given on the command line."""

    @property
    def source_context(self) -> str: ...

    @property
    def target_context(self) -> str: ...

    @property
    def kubeconfig(self) -> str: ...


@dataclass(frozen=True)
class KubeContext:
    """Which cluster is meant. `kubeconfig` may name several files, as KUBECONFIG does. `named`: kubectl does not look there by itself."""

    kubeconfig: str
    name: str
    named: bool = False

    @property
    def kubectl(self) -> tuple[str, ...]:
        """How a typed command begins. Never the current context: it is whatever was used last."""
        return ("kubectl", *(("--kubeconfig", self.kubeconfig) if self.named else ()), "--context", self.name)


@dataclass(frozen=True)
class ProxmoxSettings:
    """Where Proxmox is and who we are there. The token is a secret: it stands in memory alone and in no message."""

    url: str
    token: str = field(repr=False)
    fingerprint: str = ""


@dataclass(frozen=True)
class Settings:
    """The file's words, with what the command line and the environment say instead."""

    where: str  # the file, there or not
    said: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # side → context, as given
    kubeconfig: str = ""  # given, or KUBECONFIG: wins over the file
    found: str = ""  # where kubectl looks when nobody says anything

    def contexts(self) -> dict[str, KubeContext]:
        """Both sides; raises `NoKubeconfig` where a file or a context is not there, before anything is connected or written."""
        return {side: self._context(side) for side in SIDES}

    def proxmox(self, run: Run) -> ProxmoxSettings:
        """Raises `Usage` where it is not set: nothing but what needs Proxmox asks for it."""
        said = self.said.get("proxmox")
        line = 'proxmox: {url: "https://HOST:8006", token: "env:NAME", fingerprint: SHA-256}'
        if not isinstance(said, Mapping) or not said.get("url") or not said.get("token"):
            raise Usage("Proxmox is not set", why=f"{self.where} wants: {line}", hint="migrate preflight")
        odd = sorted(set(said) - _OF_PROXMOX)
        if odd:
            raise Usage(f"{self.where}: unknown key proxmox.{odd[0]}", why=line, hint="migrate preflight")
        return ProxmoxSettings(str(said["url"]), secret(str(said["token"]), run, f"{self.where}: proxmox.token"), str(said.get("fingerprint") or ""))

    def _context(self, side: str) -> KubeContext:
        own = self.said.get(side, {})
        named = not self.kubeconfig and bool(own.get("kubeconfig"))
        path = self.kubeconfig or str(own.get("kubeconfig") or "") or self.found
        name = self.names.get(side) or str(own.get("context") or "")
        if not path:
            raise NoKubeconfig(
                "no kubeconfig is known", why=f"KUBECONFIG is not set, ~/.kube/config and {self.where} are not there", hint="export KUBECONFIG=FILE"
            )
        there = _contexts_in(path)
        held = f"{path} holds {', '.join(there) or 'no context'}"
        if not name:
            raise NoKubeconfig(f"no context is named for the {side}", why=held, hint=f"migrate preflight --{side}-context NAME")
        if name not in there:
            raise NoKubeconfig(f"context {name} of the {side} is not there", why=held, hint=f"migrate preflight --{side}-context NAME")
        return KubeContext(path, name, named)


def secret(reference: str, run: Run, where: str, environ: Mapping[str, str] | None = None) -> str:
    """What `env:NAME`, `file:PATH` or `cmd:COMMAND` gives. A secret itself is refused, and neither it nor an answer is ever quoted."""
    how, _, what = reference.partition(":")
    env = os.environ if environ is None else environ
    found = ""
    match how:
        case "env":
            found = env.get(what, "")
        case "file":
            with suppress(OSError, UnicodeDecodeError):
                found = Path(what).expanduser().read_text(encoding="utf-8")
        case "cmd":
            ran = run(shlex.split(what), _FETCH)
            found = ran.stdout if ran.code == 0 else ""
        case _:
            raise Usage(f"{where} is no reference", why="a secret stands there as env:NAME, file:PATH or cmd:COMMAND", hint="migrate preflight")
    if not found.strip():
        raise Usage(f"{where}: {how}:{what} gives nothing", hint="migrate preflight")
    return found.strip()


def load_settings(name: str, options: Given, file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the plan of that name. `file`: a lab's own; then the environment does not count, it names a person's real clusters."""
    env = os.environ if environ is None else environ
    home = Path(env.get("HOME", ""))
    names = {"source": options.source_context, "target": options.target_context}
    if file is not None:
        return Settings(str(file), _read(file, home), names, options.kubeconfig)
    path = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "portkey-migrate" / f"{name}.yaml"
    usual = home / ".kube" / "config"
    return Settings(str(path), _read(path, home), names, options.kubeconfig or env.get("KUBECONFIG", ""), str(usual) if usual.is_file() else "")


def _read(path: Path, home: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NoKubeconfig(f"{path} cannot be read", why=error.strerror or type(error).__name__, hint=f"ls -l {path}") from None
    try:
        said = yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        at = f":{error.problem_mark.line + 1}:{error.problem_mark.column + 1}" if error.problem_mark else ""
        # Not the error's own text: it quotes the line, and somebody may have written a secret there.
        raise Usage(f"{path}{at}: not YAML: {error.problem}", hint=f"$EDITOR {path}") from None
    if not isinstance(said, dict) or not all(isinstance(said.get(side, {}), dict) for side in SIDES):
        raise Usage(f"{path}: a mapping of source and target is wanted", hint=f"$EDITOR {path}")
    odd = sorted(set(said) - _KNOWN) + [f"{side}.{key}" for side in SIDES for key in sorted(set(said.get(side, {})) - _OF_A_SIDE)]
    if odd:
        raise Usage(
            f"{path}: unknown key {odd[0]}", why="source and target (kubeconfig, context), proxmox and ceph are known", hint=f"$EDITOR {path}"
        )
    for side in SIDES:
        own = str(said.get(side, {}).get("kubeconfig") or "")
        if own.startswith("~/"):
            said[side]["kubeconfig"] = str(home / own[2:])
    return said


def _contexts_in(kubeconfig: str) -> list[str]:
    """The names of the contexts that the files hold, merged as kubectl does; nothing else of them is looked at."""
    names: dict[str, None] = {}
    files = [Path(part).expanduser() for part in kubeconfig.split(os.pathsep) if part]
    if not any(file.is_file() for file in files):
        raise NoKubeconfig(f"no kubeconfig at {kubeconfig}", hint="export KUBECONFIG=FILE")
    for file in files:
        try:
            said = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
            names.update((str(one["name"]), None) for one in said.get("contexts") or [])
        except (OSError, yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
            # A kubeconfig is never quoted: it holds tokens and keys.
            raise NoKubeconfig(f"{file} is no kubeconfig", why=type(error).__name__, hint="kubectl config view") from None
    return sorted(names)
