"""The undo page, typed by a person: the tool died in the outage, and its page is all that is left of it."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from portkey_migrate.lab.client import Lab
from portkey_migrate.rehearse import byhand, processes
from portkey_migrate.systems.kube.kinds import KINDS

pytestmark = [pytest.mark.world("subprocess"), pytest.mark.world("fork")]
HOME = Path(__file__).parents[2]
SEED = 11
RESOURCES = {one.argument: one for one in KINDS.values()}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with the shipped plan and a lab that is up; its two variables are exported."""
    (tmp_path / "phases").symlink_to(HOME / "phases")
    for name, value in byhand.up(world="portkey", seed=SEED, folder=tmp_path).items():
        monkeypatch.setenv(name, value)
    processes.warm()
    yield tmp_path
    byhand.down()


def types(shell: Path, *argv: str) -> processes.Ran:
    return processes.start((*argv, "-y", "--no-input"), shell, _state(), os.environ["PORTKEY_MIGRATE_LAB"], into=shell / "said").wait()


def _state() -> Path:
    return Path(os.environ["PORTKEY_MIGRATE_STATE"])


def _moved(shell: Path, to: str) -> None:
    """To a state inside the outage, where the tool dies."""
    assert types(shell, "advance", "task", "vm-snapshots", "--confirm", "portkey").code == 0
    assert types(shell, "advance", "app", "vaultwarden").code == 0
    assert types(shell, "advance", "app", "vaultwarden", "--to", to).code == 0


def _commands(page: str) -> list[list[str]]:
    """What stands between the fences, top to bottom."""
    return [shlex.split(line) for block in re.findall(r"```\n(.*?)```", page, re.DOTALL) for line in block.splitlines() if line.strip()]


def _typed(argv: list[str]) -> str:
    """One command of the page, as a person's shell would run it on this lab."""
    lab = Lab(os.environ["PORTKEY_MIGRATE_LAB"])
    try:
        if argv[0] != "kubectl":
            ran = lab.run(argv, 60.0)
            assert ran.code == 0, f"{shlex.join(argv)}: {ran.stderr}"
            return str(ran.stdout)
        return _kubectl(lab, argv)
    finally:
        lab.wire.tell({"do": "bye"})
        lab.wire.close()


def _kubectl(lab: Lab, argv: list[str]) -> str:
    """The three verbs that the page uses, sent as kubectl sends them."""
    words, options = [], {}
    rest = iter(argv[1:])
    for word in rest:
        if word.startswith("-"):
            name, same, value = word.partition("=")
            options[name] = value if same else next(rest)
        else:
            words.append(word)
    verb, what, *names = words
    kind, _, named = what.partition("/")
    of = RESOURCES[kind]
    path = (f"/apis/{of.group}/{of.version}" if of.group else f"/api/{of.version}") + (f"/namespaces/{options['-n']}" if of.namespaced else "")
    path += f"/{of.resource}/{quote(named or names[0])}"
    match verb:
        case "get":
            return _sent(lab, options["--context"], "GET", path)
        case "scale":
            return _sent(lab, options["--context"], "PATCH", path + "/scale", {"spec": {"replicas": int(options["--replicas"])}})
        case "patch":
            return _sent(lab, options["--context"], "PATCH", path, json.loads(options["-p"]))
        case "delete":
            return _sent(lab, options["--context"], "DELETE", path)
    raise AssertionError(f"the page uses kubectl {verb}, which nobody here can type")


def _sent(lab: Lab, context: str, method: str, path: str, body: Any = None) -> str:
    config = yaml.safe_load((_state() / "kubeconfig").read_text())
    users = {one["name"]: one["user"]["token"] for one in config["users"]}
    token = users[next(one["context"]["user"] for one in config["contexts"] if one["name"] == context)]
    line = HTTPConnection(f"{context}.lab")
    line.sock = lab.transport.connect(f"{context}.lab", 6443, 10.0)
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "kubectl/v1.35.0", "Content-Type": "application/merge-patch+json"}
    line.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = line.getresponse()
    said = answer.read().decode()
    assert answer.status < 300 or (method == "GET" and answer.status == 404), f"{method} {path}: {said[:300]}"
    return said


def _walked(page: str) -> None:
    for argv in _commands(page):
        _typed(argv)
        byhand.wait(1)
    byhand.wait(90)


def _served(side: str) -> bool:
    return any(line.startswith("vaultwarden") and side in line for line in byhand.users())


@pytest.mark.parametrize(("verb", "code"), [("advance", 6), ("rollback", 0)])
def test_the_page_of_the_outage_brings_the_source_back(shell: Path, verb: str, code: int) -> None:
    """Users are served by K3s with nothing lost; the next command records what it finds and ends at prepared."""
    _moved(shell, "transferred")
    page = (_state() / "undo" / "app-vaultwarden.md").read_text()
    byhand.wait(30)
    _walked(page)
    assert _served("K3s")
    ran = types(shell, verb, "app", "vaultwarden")
    assert ran.code == code, ran.err
    app = next(one for one in byhand.verdict()["apps"] if one["name"] == "vaultwarden")
    assert (app["state"], app["serves"], app["lost_writes"], app["double_writer_seconds"]) == ("prepared", "source", 0, 0)


def test_a_page_left_half_way_is_gone_back_over_and_not_on(shell: Path) -> None:
    """The fence alone was lifted by hand: nothing else would notice, and going on would start Talos beside a source that may start too."""
    _moved(shell, "transferred")
    page = _commands((_state() / "undo" / "app-vaultwarden.md").read_text())
    _typed(next(argv for argv in page if "patch" in argv and any(word.startswith("resourcequota") for word in argv)))
    ran = types(shell, "advance", "app", "vaultwarden")
    assert ran.code == 6, ran.err
    assert "was undone by somebody else" in ran.err
    app = next(one for one in byhand.verdict()["apps"] if one["name"] == "vaultwarden")
    assert (app["state"], app["serves"], app["lost_writes"], app["double_writer_seconds"]) == ("prepared", "source", 0, 0)


def test_the_page_after_the_pivot_brings_what_was_written_there_back_too(shell: Path) -> None:
    """Closed, target stopped and quiet, source up, route back: each has its command."""
    _moved(shell, "routed")
    byhand.wait(60)
    for argv in _commands((_state() / "undo" / "app-vaultwarden.md").read_text()):
        _typed(argv)
        byhand.wait(20)  # a person looks whether it happened before the next one
    byhand.wait(90)
    assert _served("K3s")
    app = next(one for one in byhand.verdict()["apps"] if one["name"] == "vaultwarden")
    assert (app["serves"], app["lost_writes"], app["double_writer_seconds"]) == ("source", 0, 0)
