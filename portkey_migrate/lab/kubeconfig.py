"""The files that a person has for these clusters: one kubeconfig with both contexts, and the tool's settings that name them."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from portkey_migrate.lab import pve
from portkey_migrate.lab.worlds.furnish import token as bearer

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World


def authority(world: World, side: str) -> str:
    """A cluster's own CA, base64 PEM. Two names of one cluster have one CA: else the second could not be reached by TLS at all."""
    cluster = world.hosts.get(f"{side}.lab", side)
    der = hashlib.sha512(f"{world.name} {world.seed} authority {cluster}".encode()).digest() * 8
    return base64.b64encode(f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n".encode()).decode()


def kubeconfig(world: World, servers: dict[str, str] | None = None) -> str:
    """The kubeconfig as text. `servers`: other addresses than the lab's own names, for guests at its door."""
    sides = sorted(world.tokens)
    clusters = [
        {"name": s, "cluster": {"server": (servers or {}).get(s, f"https://{s}.lab:6443"), "certificate-authority-data": authority(world, s)}}
        for s in sides
    ]
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": clusters,
            "users": [{"name": side, "user": {"token": bearer(world, side)}} for side in sides],
            "contexts": [{"name": side, "context": {"cluster": side, "user": side}} for side in sides],
            "current-context": "source",
        },
        sort_keys=False,
    )


def write(world: World, folder: Path) -> dict[str, Path]:
    """Writes `kubeconfig` and `settings.yaml` into a folder, readable by their owner alone. Returns both paths."""
    path, settings = folder / "kubeconfig", folder / "settings.yaml"
    _private(path, kubeconfig(world))
    said: dict[str, object] = {side: {"kubeconfig": str(path), "context": side} for side in sorted(world.tokens)}
    said["ceph"] = {"rbd": ["rbd"], "ceph": ["ceph"]}
    if pve.HOST in world.hosts:
        token = folder / "proxmox-token"
        _private(token, world.parts["pve"].secret)
        said["proxmox"] = {"url": f"https://{pve.HOST}:{pve.PORT}", "token": f"file:{token}", "fingerprint": pve_certificate(world)}
    _private(settings, yaml.safe_dump(said))
    return {"kubeconfig": path, "settings": settings}


def pve_certificate(world: World) -> str:
    """SHA-256 of Proxmox's certificate, as a person pins it."""
    digest = hashlib.sha256(f"{world.name} {world.seed} pve certificate".encode()).hexdigest().upper()
    return ":".join(digest[n : n + 2] for n in range(0, len(digest), 2))


def _private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
