"""Where etcd, kube-apiserver and kube-controller-manager are: KUBEBUILDER_ASSETS, or built once from their pinned Go modules.

    python -m tests.real.binaries        builds what is missing, and says what it did

Built means: into the user's cache, under a name that changes with go.mod, go.sum and the tools file, so that a new pin is a new
build and an old one is never taken for it. Nothing is written into the checkout.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
RELEASE = "1.35.4"
_STAMP = "k8s.io/component-base/version"


class Source(NamedTuple):
    """One module folder and the programs that come out of it."""

    folder: str
    packages: Mapping[str, str]  # program → package
    flags: str = "-s -w"

    @property
    def place(self) -> Path:
        return HERE / "servers" / self.folder

    def pin(self) -> str:
        """Changes with whatever changes the build."""
        text = b"".join((self.place / name).read_bytes() for name in ("go.mod", "go.sum", "tools.go")) + self.flags.encode()
        return hashlib.sha256(text).hexdigest()[:12]


SOURCES = (
    Source("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Source(
        "kubernetes",
        {name: f"k8s.io/kubernetes/cmd/{name}" for name in ("kube-apiserver", "kube-controller-manager")},
        # Without the stamp a client is told v0.0.0.
        f"-s -w -X {_STAMP}.gitVersion=v{RELEASE} -X {_STAMP}.gitMajor=1 -X {_STAMP}.gitMinor=35",
    ),
)


class Missing(Exception):
    """A server that is not here, with the command that gets it."""


def cache(env: Mapping[str, str] = os.environ) -> Path:
    return Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME", "/"), ".cache"), "portkey-migrate", "servers")


def _given(name: str, env: Mapping[str, str]) -> Path | None:
    """A program of KUBEBUILDER_ASSETS. setup-envtest brings no kube-controller-manager, so one may be there and another not."""
    assets = env.get("KUBEBUILDER_ASSETS")
    found = Path(assets, name) if assets else None
    return found if found is not None and os.access(found, os.X_OK) else None


def found(env: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Every program by its name. Raises `Missing`, which names them all and what to do."""
    out, absent = {}, []
    for source in SOURCES:
        for name in source.packages:
            path = _given(name, env) or cache(env) / f"{source.folder}-{source.pin()}" / name
            if os.access(path, os.X_OK):
                out[name] = path
            else:
                absent.append(name)
    if absent:
        raise Missing(
            f"{', '.join(absent)} {RELEASE} not found (looked in KUBEBUILDER_ASSETS={env.get('KUBEBUILDER_ASSETS', '')!r} and {cache(env)}).\n"
            "    make contract-real        builds them once, 10 minutes on two cores (Go 1.25 or newer: https://go.dev/doc/install)"
        )
    _refuse_other_release(out["kube-apiserver"])
    return out


def _refuse_other_release(server: Path) -> None:
    """The suite says what 1.35 does; another minor may do otherwise and would be taken for a fault of the lab."""
    said = subprocess.run([str(server), "--version"], capture_output=True, text=True, check=False).stdout.strip()
    wanted = ".".join(RELEASE.split(".")[:2])
    if f"v{wanted}." not in said:
        raise Missing(f"{server} is {said or 'nothing that says its version'}, wanted {wanted}.x; unset KUBEBUILDER_ASSETS or point it at {wanted}.x")


def build(env: Mapping[str, str] = os.environ) -> list[str]:
    """Builds what is neither given nor built yet. Returns the names of what it built; raises `Missing` where Go is missing or fails."""
    done = []
    for source in SOURCES:
        folder = cache(env) / f"{source.folder}-{source.pin()}"
        wanted = [name for name in source.packages if _given(name, env) is None and not os.access(folder / name, os.X_OK)]
        if wanted:
            _built(source, wanted, folder, env)
            done += wanted
    return done


def _built(source: Source, names: list[str], folder: Path, env: Mapping[str, str]) -> None:
    go = shutil.which("go", path=env.get("PATH"))
    if go is None:
        raise Missing(
            f"{', '.join(names)}: Go is not on this machine, and it builds them.\n"
            "    https://go.dev/doc/install        Go 1.25 or newer\n"
            f"    KUBEBUILDER_ASSETS=FOLDER         or a folder that has them already ({RELEASE})"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{source.folder}-", dir=folder.parent) as fresh:
        print(f"building {', '.join(names)} (once; minutes)", file=sys.stderr, flush=True)  # noqa: T201 - it is waited for
        command = ["go", "build", "-trimpath", "-mod=readonly", "-ldflags", source.flags]
        # Each by its own -o: etcd's package has another name than the program.
        for name in names:
            settings = {**env, "CGO_ENABLED": "0", "GOWORK": "off"}
            ran = subprocess.run([*command, "-o", str(Path(fresh, name)), source.packages[name]], cwd=source.place, env=settings, check=False)
            if ran.returncode:
                raise Missing(
                    f"go build of {name} failed ({ran.returncode}); by hand: cd {source.place} && CGO_ENABLED=0 go build {source.packages[name]}"
                )
        folder.mkdir(exist_ok=True)
        for name in names:
            Path(fresh, name).replace(folder / name)  # whole or not at all: a run that dies half way leaves no half program


def main() -> int:
    try:
        built = build()
        there = found()
    except Missing as no:
        print(no, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    for name, path in there.items():
        print(f"{name:<24} {path}{'  (built now)' if name in built else ''}")  # noqa: T201 - a command's answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
