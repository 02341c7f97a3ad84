"""Ceph through two commands, `rbd` and `ceph`, as a person's settings say how they are run. The only home of their argv and exit codes.

`rbd` ends with an errno; 1 is ambiguous and 110 means unknown (real/ceph.md §6, §7). Booleans in its JSON are strings, and
`ceph osd blocklist ls` prints a document followed by `[]`.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping, Sequence
from typing import Any

from portkey_migrate.errors import Conflict, NoReply, SendRefused, UnknownName, Unreachable
from portkey_migrate.model import Change, Ref, Seen
from portkey_migrate.ports import Ran, Run

MOUNT = "5"  # seconds to reach a monitor; without it a dead one costs 300 s, then 110
_TIMEOUT = 45.0  # above the 30 s that a command waits for a dead client's lock
_SHUT_OUT = "604800"  # seconds that an entry stays: a week, for nobody forgets a fence for longer
_EXISTS = 17
_NO_REPLY = frozenset({110, 124, -9})  # a dead monitor or OSD, our own time-out, killed: it may have landed
NOBODY = "nobody"  # the name of an entry that nobody needs
#: RFC 5737: an address that nobody has. Taking it off the list changes nothing and shows whether we may.
_UNUSED = "192.0.2.1:0/1"


class Ceph:
    """Snapshots of images and the OSDs' blocklist."""

    def __init__(self, run: Run, rbd: Sequence[str], ceph: Sequence[str]) -> None:
        self._run, self._rbd, self._ceph = run, tuple(rbd), tuple(ceph)

    def read(self, ref: Ref) -> Seen:
        if ref.kind == "Blocklist":
            if ref.name == NOBODY:
                return Seen(None)
            return Seen({"address": ref.name}, "listed", ref.name) if ref.name in self._listed() else Seen(None)
        image, _, snapshot = ref.name.partition("@")
        for one in self._json([*self._rbd, "snap", "ls", f"{ref.namespace}/{image}"], f"snapshots of {image}"):
            if one["name"] == snapshot:
                return Seen({"name": snapshot}, str(one["id"]), str(one["id"]))
        return Seen(None)

    def list(self, kind: str, namespace: str = "") -> tuple[Sequence[Mapping[str, Any]], str]:
        raise UnknownName(f"Ceph has no list of {kind} {namespace}")

    def watch(self, kind: str, namespace: str, since: str, timeout: float) -> None:
        """Nothing of Ceph can be watched; who waits for it polls."""

    def send(self, change: Change, seen: Seen, token: str) -> None:
        argv = self._argv(change)
        ran = self._run(argv, _TIMEOUT)
        if ran.code == 0:
            return
        if ran.code == _EXISTS:
            raise Conflict(f"{change.ref} exists")
        if ran.code in _NO_REPLY:
            raise NoReply(f"{change.ref}: no answer within {_TIMEOUT:.0f} s")
        raise SendRefused(ran.code, "rbd" if change.ref.kind == "Snapshot" else "ceph", _line(ran))

    def ask(self, question: str, **values: Any) -> Mapping[str, Any]:
        """What Ceph is asked.

        `watchers` (pool, image) → {addresses}; `image` (pool, image) → {id, size}; `changed` (pool, image, since) → {bytes};
        `may-unlist` → {allowed, reason}.
        """
        if question == "watchers":
            said = self._json([*self._rbd, "status", f"{values['pool']}/{values['image']}"], f"watchers of {values['image']}")
            return {"addresses": [one["address"] for one in said.get("watchers", [])]}
        if question == "image":
            said = self._json([*self._rbd, "info", f"{values['pool']}/{values['image']}"], f"image {values['image']}")
            return {"id": said.get("id", ""), "size": said.get("size", 0)}
        if question == "changed":
            argv = [*self._rbd, "diff", "--from-snap", values["since"], f"{values['pool']}/{values['image']}"]
            # Extents that were written, not what differs: equal bytes written again count (real/ceph.md §5), so it is "about".
            return {"bytes": sum(int(one["length"]) for one in self._json(argv, f"what was written to {values['image']}"))}
        if question == "may-unlist":
            ran = self._run([*self._ceph, "--connect-timeout", MOUNT, "osd", "blocklist", "rm", _UNUSED], _TIMEOUT)
            return {"allowed": ran.code == 0, "reason": _line(ran) if ran.code else ""}
        raise UnknownName(f"Ceph is not asked {question!r}")

    def by_hand(self, change: Change) -> builtins.list[builtins.list[str]]:
        if change.ref.kind == "Blocklist":
            return [list(self._argv(change)), [*self._ceph, "osd", "blocklist", "ls"]]
        return [list(self._argv(change)), [*self._rbd, "snap", "ls", f"{change.ref.namespace}/{change.ref.name.partition('@')[0]}"]]

    def _argv(self, change: Change) -> builtins.list[str]:
        if change.ref.kind == "Blocklist":
            verbs = ["rm", change.ref.name] if change.after is None else ["add", change.ref.name, _SHUT_OUT]
            return [*self._ceph, "--connect-timeout", MOUNT, "osd", "blocklist", *verbs]
        verb = "rm" if change.after is None else "create"
        return [*self._rbd, "--client-mount-timeout", MOUNT, "snap", verb, f"{change.ref.namespace}/{change.ref.name}"]

    def _listed(self) -> set[str]:
        ran = self._run([*self._ceph, "--connect-timeout", MOUNT, "osd", "blocklist", "ls", "--format", "json"], _TIMEOUT)
        if ran.code:
            raise Unreachable(f"the blocklist cannot be read: {_line(ran)}", hint="migrate preflight")
        listed, _end = json.JSONDecoder().raw_decode(ran.stdout.strip() or "[]")
        return {str(one["addr"]) for one in listed}

    def _json(self, argv: Sequence[str], what: str) -> Any:
        ran = self._run([*argv[: len(self._rbd)], "--client-mount-timeout", MOUNT, *argv[len(self._rbd) :], "--format", "json"], _TIMEOUT)
        if ran.code:  # a failing command may print an empty list all the same
            raise Unreachable(f"{what} cannot be read: {_line(ran)}", hint="migrate preflight")
        return json.loads(ran.stdout or "[]")


def _line(ran: Ran) -> str:
    """The line for people: librbd writes its own noise around it."""
    lines = [line.strip() for line in ran.stderr.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith(("rbd:", "Error"))), lines[-1] if lines else f"exit {ran.code}")[:300]
