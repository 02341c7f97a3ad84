"""A small tool of raw HTTP against the lab's process: time, order, faults and death."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.lab import client, worlds
from portkey_migrate.lab.api.rights import ADMIN, User
from portkey_migrate.lab.client import Lab
from portkey_migrate.lab.faults import Planned
from portkey_migrate.lab.frames import pack
from portkey_migrate.lab.server import Server
from portkey_migrate.lab.store import By
from portkey_migrate.lab.world import World

HEADERS = {"Authorization": "Bearer t", "Content-Type": "application/json", "User-Agent": "portkey-migrate/test"}


def world(seed: int = 1) -> World:
    out = World(seed, "test")
    out.store.add_cluster("source")
    out.tokens = {"source": {"t": User("tool", (), (ADMIN,))}}
    out.hosts = {"source.lab": "source"}
    out.releases = {"source": "v1.33.6+k3s1"}
    out.store.create(
        "source", "Namespace", {"metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}, By("test")
    )
    return out


class Api:
    """One HTTP connection of the small tool."""

    def __init__(self, lab: Lab, timeout: float = 60.0) -> None:
        self.connection = http.client.HTTPConnection("source.lab", 6443, timeout=timeout)
        self.connection.sock = lab.transport.connect("source.lab", 6443, timeout)

    def __call__(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        content = json.dumps(body) if body is not None else None
        kind = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
        self.connection.request(method, path, content, {**HEADERS, **kind, "X-Portkey-Step": token})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"}, "data": data}


MAPS = "/api/v1/namespaces/a/configmaps"


@contextmanager
def served(of: World, folder: Path) -> Iterator[tuple[Server, str]]:
    """The lab in a thread of this test; the small tool runs in the test's own."""
    path = str(folder / "lab.sock")
    ours, theirs = socket.socketpair()
    server = Server(of, path, None)
    server.controlled(theirs)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server, path
    finally:
        ours.sendall(pack({"do": "quit"}))
        thread.join(10)
        ours.close()
        server.close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    def go(work: Callable[[Lab], Any], of: World | None = None) -> tuple[Any, World]:
        of = of or world()
        with served(of, tmp_path) as (_, path):
            lab = Lab(path)
            out = work(lab)
            lab.wire.close()
        return out, of

    return go


def test_a_call_costs_virtual_time_and_a_kept_connection_serves_the_next(run: Callable[..., Any]) -> None:
    """Two calls over one connection; time moved by their latencies alone."""

    def work(lab: Lab) -> list[Any]:
        api = Api(lab)
        began = lab.clock.monotonic()
        return [api("POST", MAPS, config_map("x", k="v"))[0], api("GET", f"{MAPS}/x")[1]["data"], lab.clock.monotonic() - began]

    (made, data, took), _ = run(work)
    assert (made, data) == (201, {"k": "v"})
    assert 0.007 < took < 0.1


def test_a_week_of_sleep_costs_no_wall_time(run: Callable[..., Any]) -> None:
    """The tool sleeps seven days; only the clock of the world notices."""

    def work(lab: Lab) -> float:
        began = lab.clock.monotonic()
        lab.clock.sleep(7 * 86400)
        return lab.clock.monotonic() - began

    assert run(work)[0] == 7 * 86400


def test_threads_run_one_at_a_time_in_the_order_in_which_they_were_named(run: Callable[..., Any]) -> None:
    """Eight threads write eight objects; the ledger has the same order every time."""

    def work(lab: Lab) -> list[Any]:
        def job(n: int) -> Callable[[], Any]:
            return lambda: [Api(lab)("POST", MAPS, config_map(f"n{n}-{m}"))[0] for m in range(3)]

        return lab.tasks.run_all([(f"job{n}", job(n)) for n in range(8)])

    first, one = run(work)
    _, two = run(work)
    assert first == [[201, 201, 201]] * 8
    assert [(line["t"], line["name"]) for line in one.store.ledger] == [(line["t"], line["name"]) for line in two.store.ledger]


def test_a_job_that_raises_hands_its_exception_back(run: Callable[..., Any]) -> None:
    """The others' results stay."""

    def bad() -> None:
        raise ValueError("no")

    out, _ = run(lambda lab: lab.tasks.run_all([("bad", bad), ("good", lambda: 1)]))
    assert isinstance(out[0], ValueError)
    assert out[1] == 1


def test_what_the_tool_computes_is_counted_and_what_the_lab_packs_is_not(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten calls, 10 ms of work of the tool's before each; the lab's own end of the socket takes 50 ms a frame (docs/decisions/0015)."""

    def works(seconds: float) -> None:
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            pass

    def slow(header: dict[str, Any], body: bytes = b"") -> bytes:
        works(0.05)
        return pack(header, body)

    def work(lab: Lab) -> None:
        api = Api(lab)
        monkeypatch.setattr(client, "pack", slow)
        for _ in range(10):
            works(0.01)
            api("GET", MAPS)

    _, of = run(work)
    computed = sum(wall for _, kind, _, wall in of.engine_log if kind == "computed")
    assert 0.1 <= computed < 0.5, computed


@pytest.mark.world("sleep")
def test_waiting_that_a_ctrl_c_ends_is_no_work_of_the_tools(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait of the frame that nobody heard the answer of counts no more than any other, and nothing counts twice."""

    def interrupted(wire: client.Wire) -> Any:
        time.sleep(0.3)
        raise KeyboardInterrupt

    def work(lab: Lab) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(client.Wire, "_answer", interrupted)
            with pytest.raises(KeyboardInterrupt):
                lab.clock.sleep(1)
        lab.clock.sleep(1)

    _, of = run(work)
    assert sum(wall for _, kind, _, wall in of.engine_log if kind == "computed") < 0.2


def test_a_watch_wakes_its_reader_when_another_thread_writes(run: Callable[..., Any]) -> None:
    """One actor reads a watch, another writes after five seconds: the line comes within milliseconds of it."""

    def work(lab: Lab) -> list[Any]:
        def watch() -> tuple[str, float]:
            api = Api(lab)
            api.connection.request("GET", f"{MAPS}?watch=true&resourceVersion=0&timeoutSeconds=30", headers=HEADERS)
            line = json.loads(api.connection.getresponse().readline())
            return line["object"]["metadata"]["name"], lab.clock.monotonic()

        def write() -> float:
            lab.clock.sleep(5)
            Api(lab)("POST", MAPS, config_map("late"))
            return lab.clock.monotonic()

        return lab.tasks.run_all([("watch", watch), ("write", write)])

    ((name, seen), wrote), _ = run(work)
    assert name == "late"
    assert abs(seen - wrote) < 0.05


def test_a_watchs_first_line_never_comes_before_its_head(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines faster than replies: a change between a watch's landing and its reply is told after the head, as every HTTP server does it.

    It was not (seed 40 of vaultwarden's move): the tool read a chunk as a status line, took its watch for broken and rested half a second.
    """
    of = world()
    fixed = {"watch-line": 0.001, "api-reply": 0.005}
    drawn = of.latency
    monkeypatch.setattr(of, "latency", lambda name, purpose="": fixed.get(name) or drawn(name, purpose))

    def work(lab: Lab) -> list[Any]:
        def watch() -> list[str]:
            seen = []
            for _ in range(40):
                api = Api(lab)
                version = api("GET", MAPS)[1]["metadata"]["resourceVersion"]
                api.connection.request("GET", f"{MAPS}?watch=true&resourceVersion={version}&timeoutSeconds=30", headers=HEADERS)
                seen.append(json.loads(api.connection.getresponse().readline())["type"])
                api.connection.close()
            return seen

        def write(name: str) -> None:
            api = Api(lab)
            api("POST", MAPS, config_map(name))
            for n in range(100):
                api("PATCH", f"{MAPS}/{name}", {"data": {"n": str(n)}})

        writers = [(name, lambda name=name: write(name)) for name in ("a", "b", "c")]
        return lab.tasks.run_all([("watch", watch), *writers])

    (seen, *_), _ = run(work, of)
    assert not isinstance(seen, Exception), seen
    assert len(seen) == 40
    assert set(seen) <= {"ADDED", "MODIFIED"}


def test_a_watch_that_nothing_happens_to_ends_cleanly_at_its_own_time(run: Callable[..., Any]) -> None:
    """timeoutSeconds=30: an empty stream, its end after 30 virtual seconds."""

    def work(lab: Lab) -> tuple[bytes, float]:
        api, began = Api(lab), lab.clock.monotonic()
        api.connection.request("GET", f"{MAPS}?watch=true&resourceVersion=101&timeoutSeconds=30", headers=HEADERS)
        return api.connection.getresponse().read(), lab.clock.monotonic() - began

    (body, took), _ = run(work)
    assert body == b""
    assert 30 <= took < 30.1


def test_a_lost_reply_surfaces_as_the_librarys_own_error_and_the_effect_stays(run: Callable[..., Any]) -> None:
    """reply-lost on the first mutating call."""
    of = world()
    of.faults.planned = [Planned("reply-lost", 1)]
    of.faults.silent = True  # not in silence

    def work(lab: Lab) -> int:
        with pytest.raises(ConnectionResetError):
            Api(lab)("POST", MAPS, config_map("x"))
        return Api(lab)("GET", f"{MAPS}/x")[0]

    assert run(work, of)[0] == 200
    assert of.faults.planned[0].hit[0]["at"].startswith("POST a/configmaps@source")


@pytest.mark.parametrize(("how", "then"), [("look", 409), ("send", 201)])
def test_a_late_twin_lands_after_the_next_look(run: Callable[..., Any], how: str, then: int) -> None:
    """The look says `not there`; then the first request lands, before the second one or after it."""
    of = world()
    of.traps.add("late-twin")
    of.faults.planned, of.faults.twin = [Planned("late-twin", 1)], how

    def work(lab: Lab) -> tuple[int, int]:
        with pytest.raises(ConnectionResetError):
            Api(lab)("POST", MAPS, config_map("x", who="first"))
        api = Api(lab)
        return api("GET", f"{MAPS}/x")[0], api("POST", MAPS, config_map("x", who="second"))[0]

    assert run(work, of)[0] == (404, then)
    of.run_until(of.now + 100)
    assert [line["status"] for line in of.store.ledger if line["kind"] == "ConfigMap"] == [201, 409]


def test_without_the_trap_a_late_twin_is_in_time(run: Callable[..., Any]) -> None:
    """The same broken connection, and the look says what is so (trap late-twin)."""
    of = world()
    of.faults.planned = [Planned("late-twin", 1)]

    def work(lab: Lab) -> int:
        with pytest.raises(ConnectionResetError):
            Api(lab)("POST", MAPS, config_map("x"))
        return Api(lab)("GET", f"{MAPS}/x")[0]

    assert run(work, of)[0] == 200
    assert of.twins == []


def test_a_conflict_changes_nothing(run: Callable[..., Any]) -> None:
    """409 in the API's own words."""
    of = world()
    of.faults.planned = [Planned("conflict", 1)]
    status, _ = run(lambda lab: Api(lab)("POST", MAPS, config_map("x")), of)[0]
    assert status == 409
    assert of.store.get("source", "ConfigMap", "a", "x") is None


def test_a_caller_that_gives_up_gets_a_time_out_in_virtual_time(run: Callable[..., Any]) -> None:
    """A reply that would come after the caller's time-out: `timed out`, and the effect stays."""

    def work(lab: Lab) -> bool:
        with pytest.raises(TimeoutError):
            Api(lab, timeout=0.001)("POST", MAPS, config_map("x"))
        lab.clock.sleep(1)
        return Api(lab)("GET", f"{MAPS}/x")[0] == 200

    assert run(work)[0]


def test_a_host_where_nobody_listens_refuses_the_connection(run: Callable[..., Any]) -> None:
    """As the library's own exception."""

    def work(lab: Lab) -> None:
        with pytest.raises(ConnectionRefusedError):
            lab.transport.connect("nowhere.lab", 6443, 1)

    run(work)


def test_what_a_dead_command_had_sent_still_lands(tmp_path: Path) -> None:
    """The process dies right after its request left; the world has it, and the next command sees it."""
    of = world()
    with served(of, tmp_path) as (_, path):
        dead = Lab(path)
        api = Api(dead)
        api.connection.request("POST", MAPS, json.dumps(config_map("x")), HEADERS)
        dead.wire.close()
        lab = Lab(path)
        lab.clock.sleep(1)
        assert Api(lab)("GET", f"{MAPS}/x")[0] == 200
        lab.wire.close()


def test_a_fetch_that_a_fault_cuts_has_no_answer(run: Callable[..., Any]) -> None:
    """It never landed, so there is nothing to read: the tool is told of a cut connection, not of a lab that fell over (seed 50)."""
    of = worlds.make("small", 1)
    of.faults.planned = [Planned("server-error", 1, "any")]
    reply, _ = run(lambda lab: lab.transport.fetch("192.168.0.224", "speedtest.themainfreak.com", "/", 5.0), of)
    assert (reply.status, reply.error) == (0, "the connection was cut")
