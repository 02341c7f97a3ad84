"""What the world has for an actor: the reply to a call, bytes of a watch, a connection that broke."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab import chosen, http1, pve, sessions
from portkey_migrate.lab.sessions import Actor, Channel, Session
from portkey_migrate.lab.truth import assumed, measured

if TYPE_CHECKING:
    from portkey_migrate.lab.calls import Call
    from portkey_migrate.lab.world import World

FACTS = (
    measured("a command that Ceph does not answer ends with 110", "Ceph monitor frozen: after 300 s, with --client-mount-timeout 5 after 5.2 s"),
    assumed("in front of Proxmox VE a fault is a 596", "no Proxmox VE was asked", "either"),
)

#: A command whose answer is lost, or that Ceph did not answer: its outcome is unknown (real/ceph.md §6).
_TIMED_OUT: dict[str, Any] = {"code": 110, "stdout": "", "stderr": "rbd: couldn't connect to the cluster!\nrbd: (110) Connection timed out\n"}


class Delivery:
    """The world's link to the actors. What comes for one whose session has died is dropped here."""

    def __init__(self, world: World, sessions_: dict[str, Session], ready_with: Callable[..., None]) -> None:
        self.world, self.sessions, self.ready_with = world, sessions_, ready_with

    def hand_over(self, actor: Actor, channel: Channel) -> None:
        if channel.out:
            body = bytes(channel.out)
            channel.out.clear()
            self.ready_with(actor, {"got": "bytes"}, body)
        else:
            self.ready_with(actor, {"got": channel.over})

    def replied(self, call: Call) -> None:
        session = self.sessions.get(call.session)
        if session is None:
            return
        actor = session.actors.get(call.actor)
        if call.kind != "api":
            self._told(call, actor)
            return
        channel = session.channels.get(call.chan)
        if channel is None:
            return
        refused = call.note.get("refused")
        if refused is not None and call.cluster == pve.CLUSTER:
            # What stands before Proxmox's own server: nothing of its API is in such an answer.
            channel.out += http1.answer(596, {}, b"", "Broken pipe")
        elif refused is not None:
            failure = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
            body = json.dumps({**failure, "message": refused["message"], "reason": refused["reason"], "code": refused["status"]}).encode()
            channel.out += http1.answer(refused["status"], {"Content-Type": "application/json"}, body)
        elif hasattr(call.response, "take"):
            channel.out += http1.stream(200, call.response.headers)
        else:
            channel.out += http1.answer(call.response.status, call.response.headers, call.response.body, getattr(call.response, "reason", ""))
            if actor is not None and not call.mutating:
                chosen.looked(self.world, actor, f"{call.cluster} {call.note['target']}", call.response.body)
        self._deliver(session, channel)

    def _told(self, call: Call, actor: Actor | None) -> None:
        """A fetch or a command: answered to the actor that is parked in it."""
        if actor is None or actor.call is not call:
            return
        actor.call = None
        if call.kind == "fetch":
            got: Mapping[str, Any] = {"status": 0, "headers": {}, "certificate": "", "error": "the connection was cut"}
            body = b""
            if call.response is not None and "refused" not in call.note:
                got = call.response
                body = got["body"] if isinstance(got["body"], bytes) else str(got["body"]).encode()
            where = f"{call.request['address']} {call.request['host']}{call.request['path']}"
            chosen.looked(self.world, actor, where, f"{got['status']}".encode() + body)
            self.ready_with(actor, {key: got[key] for key in ("status", "headers", "certificate", "error")}, body)
            return
        ran = call.response or _TIMED_OUT
        chosen.looked(self.world, actor, " ".join(call.request["argv"]), ran["stdout"].encode())
        self.ready_with(actor, {"code": ran["code"], "stdout": ran["stdout"], "stderr": ran["stderr"]})

    def broke(self, call: Call) -> None:
        session = self.sessions.get(call.session)
        if session is not None and call.kind == "run":
            call.response = None  # what it answered, if it did, is not heard
            self._told(call, session.actors.get(call.actor))
            return
        channel = session.channels.get(call.chan) if session is not None else None
        if session is not None and channel is not None:
            channel.over = "reset"
            self._deliver(session, channel)

    def streamed(self, call: Call, data: bytes, *, ended: bool) -> None:
        session = self.sessions.get(call.session)
        channel = session.channels.get(call.chan) if session is not None else None
        if session is None or channel is None:
            return
        if data:
            channel.out += http1.chunk(data)
        if ended:
            channel.out += http1.chunk(b"")
        self._deliver(session, channel)

    def _deliver(self, session: Session, channel: Channel) -> None:
        for actor in session.actors.values():
            if sessions.waits(actor) and actor.parked is not None and actor.parked["do"] == "want" and actor.parked["chan"] == channel.id:
                self.hand_over(actor, channel)
