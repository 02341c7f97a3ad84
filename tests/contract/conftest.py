"""The contract's two grounds: the server that KUBECONFIG names, or the lab's own door. Only `eventually` and the way in differ.

    pytest tests/contract                          the lab
    KUBECONFIG=… pytest tests/contract             a real API server, as administrator; `-m "not controllers"` without a controller-manager

On a real server everything happens in one Namespace `contract-…` that goes away at the end.
"""

from __future__ import annotations

import os
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.contract.client import Api

GIVEN = os.environ.get("KUBECONFIG", "")  # read now: no test sees the person's own
FORGET = os.environ.get("CONTRACT_FORGET", "")


class Eventually(Protocol):
    def __call__(self, fact: Callable[[], object], within: float = 15.0) -> None: ...


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "controllers: needs a controller-manager (or the lab's)")
    config.addinivalue_line("markers", "lab_users: needs a user without rights, whose token the lab gives")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real server may be anywhere, and may be waited for."""
    for item in items:
        if GIVEN and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.world("network", "sleep"))
            if item.get_closest_marker("lab_users") and "CONTRACT_WEAK_TOKEN" not in os.environ:
                item.add_marker(pytest.mark.skip("CONTRACT_WEAK_TOKEN names no token of a user without rights"))


class _Lab:
    """The lab behind its door, in a thread of its own; time moves when a test says so."""

    def __init__(self, folder: Path) -> None:
        from portkey_migrate.lab.api.lifecycle import GarbageCollector, Namespaces, Protection
        from portkey_migrate.lab.api.rights import ADMIN, Rule, User
        from portkey_migrate.lab.controllers.quota import Quotas
        from portkey_migrate.lab.door import Door
        from portkey_migrate.lab.store import By
        from portkey_migrate.lab.world import World

        self.world = World(1, "contract")
        self.world.store.add_cluster("lab")
        self.world.tokens["lab"] = {
            "admin": User("admin", ("system:authenticated",), (ADMIN,)),
            "weak": User("system:serviceaccount:default:weak", ("system:authenticated",), (Rule(("get",), ("",), ("configmaps",)),)),
        }
        self.world.releases["lab"] = "v1.35.4"
        for name in ("default", "kube-system"):
            self.world.store.create("lab", "Namespace", {"metadata": {"name": name}, "status": {"phase": "Active"}}, By("world"))
        self.inhabitants = [make("lab") for make in (Namespaces, GarbageCollector, Protection, Quotas)]
        self.world.store.on_change.append(self._changed)
        for one in self.inhabitants:
            self.world.add(one)  # type: ignore[arg-type]  # its `kinds` are told by `_changed`, as in a whole world by its town
        self.selector = selectors.DefaultSelector()
        self.door = Door(self.world, self.selector)
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(self.door.kubeconfig("lab", "admin"))
        self._asked: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]]] = queue.SimpleQueue()
        self._bell, ear = socket.socketpair()
        self._ear = ear
        self.selector.register(ear, selectors.EVENT_READ, self)
        self._going = True
        self._thread = threading.Thread(target=self._loop, name="lab")
        self._thread.start()

    def _changed(self, cluster: str, kind: str, namespace: str, name: str, old: Any, new: Any) -> None:
        for one in self.inhabitants:
            if kind in one.looks_at and (due := one.touch(self.world, kind, namespace, name, old, new)) is not None:
                self.world.wake(one.name, due)

    def ready(self, mask: int) -> None:
        """The bell: something is asked of the loop's own thread."""
        self._ear.recv(1)
        asked, answers = self._asked.get()
        answers.put(asked())

    def _loop(self) -> None:
        while self._going:
            for key, mask in self.selector.select():
                key.data.ready(mask)
            self.door.pump()
        self.door.close()

    def _ask(self, question: Callable[[], Any]) -> Any:
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._asked.put((question, answers))
        self._bell.send(b"!")
        return answers.get(timeout=30)

    def move(self, until: float) -> bool:
        """To the next event, or to the end of a watch that has one, not beyond a moment. False: nothing more comes before it."""

        def moved() -> bool:
            times = [when for when in (self.world.next_time, self.door.waits_until()) if when is not None and when >= self.world.now]
            when = min(times, default=None)
            if when is None or when > until:
                return False
            self.world.run_until(when)
            return True

        return bool(self._ask(moved))

    @property
    def now(self) -> float:
        return float(self._ask(lambda: self.world.now))

    def compact(self) -> None:
        self._ask(lambda: self.world.store.compact("lab"))

    def close(self) -> None:
        def stop() -> None:
            self._going = False

        self._ask(stop)
        self._thread.join(timeout=10)
        self.selector.close()
        self._bell.close()
        self._ear.close()


@pytest.fixture(scope="session")
def _lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Lab | None]:
    if GIVEN:
        yield None
        return
    lab = _Lab(tmp_path_factory.mktemp("door"))
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def api(_lab: _Lab | None) -> Iterator[Api]:
    """An administrator's way in."""
    one = Api(Path(GIVEN) if _lab is None else _lab.kubeconfig)
    yield one
    one.close()


@pytest.fixture
def weak(api: Api) -> Iterator[Api]:
    """The same server as somebody who may only get ConfigMaps."""
    with api.as_user(os.environ.get("CONTRACT_WEAK_TOKEN", "") if GIVEN else "weak") as one:
        yield one


@pytest.fixture
def compact(_lab: _Lab | None) -> Callable[[], None]:
    """Makes the server forget its history."""
    if _lab is not None:
        return _lab.compact
    if not FORGET:
        pytest.skip("a real server forgets by a restart: CONTRACT_FORGET names a file whose making asks for one and whose going says that it is done")

    def restarted() -> None:
        Path(FORGET).touch()
        until = time.monotonic() + 60
        while Path(FORGET).exists():
            assert time.monotonic() < until, "the server was not restarted"
            time.sleep(0.05)

    return restarted


@pytest.fixture
def eventually(_lab: _Lab | None) -> Eventually:
    """Waits for a fact: the lab's time is moved event by event, a real server is looked at again."""

    def on_the_lab(fact: Callable[[], object], within: float = 15.0) -> None:
        assert _lab is not None
        until = _lab.now + within
        while not fact():
            assert _lab.move(until), f"not within {within} s"

    def for_real(fact: Callable[[], object], within: float = 15.0) -> None:
        until = time.monotonic() + within
        while not fact():
            assert time.monotonic() < until, f"not within {within} s"
            time.sleep(0.05)

    return for_real if _lab is None else on_the_lab


@pytest.fixture(scope="session")
def home(api: Api) -> Iterator[str]:
    """A Namespace that everything of this run lives in."""
    name = f"contract-{os.getpid()}"
    made = api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    assert made.status == 201
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return str(request.node.name).replace("_", "-").replace("[", "-").replace("]", "").lower()[:50].strip("-.")


@pytest.fixture
def maps(home: str) -> str:
    """Where this run's ConfigMaps are."""
    return f"/api/v1/namespaces/{home}/configmaps"


@pytest.fixture
def deployments(home: str) -> str:
    return f"/apis/apps/v1/namespaces/{home}/deployments"


@pytest.fixture
def pods(home: str) -> str:
    return f"/api/v1/namespaces/{home}/pods"
