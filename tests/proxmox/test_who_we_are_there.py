"""Where Proxmox is and how its token is fetched: a reference in the settings, looked up when something needs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.errors import Usage
from portkey_migrate.ports import Ran
from portkey_migrate.session import Systems
from portkey_migrate.systems.settings import Settings, secret

TOKEN = "migrate@pve!portkey=canary-1234"


class Run:
    """A command that gives the token, or fails."""

    def __init__(self, code: int = 0) -> None:
        self.code, self.argv = code, list[Sequence[str]]()

    def __call__(self, argv: Sequence[str], timeout: float, stdin: str = "") -> Ran:
        self.argv.append(argv)
        return Ran(self.code, f"{TOKEN}\n" if not self.code else "canary-half", "canary-error")


def of(**said: Any) -> Settings:
    return Settings("/home/p/portkey.yaml", {"proxmox": said} if said else {})


@pytest.mark.parametrize("reference", ["env:PVE_TOKEN", "file:{}/token", "cmd:pass show 'portkey proxmox'"])
def test_a_token_is_fetched_by_its_reference(reference: str, tmp_path: Path) -> None:
    """Without the line's end; a command goes without a shell."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    run = Run()
    assert secret(reference.format(tmp_path), run, "token", {"PVE_TOKEN": TOKEN}) == TOKEN
    assert run.argv in ([], [["pass", "show", "portkey proxmox"]])


@pytest.mark.parametrize("reference", ["env:NOT_SET", "file:/not/there", "cmd:false", TOKEN])
def test_what_gives_no_token_is_said_without_it(reference: str) -> None:
    """A secret that somebody wrote in place of a reference is not quoted either."""
    with pytest.raises(Usage) as raised:
        secret(reference, Run(1), "portkey.yaml: proxmox.token", {})
    assert "canary" not in f"{raised.value.what} {raised.value.why} {raised.value.hint}"
    assert "portkey.yaml: proxmox.token" in raised.value.what


def test_the_settings_of_proxmox_are_whole_or_missed() -> None:
    """The message is the line that is wanted; the token does not show in what is printed of them."""
    whole = of(url="https://192.168.0.2:8006", token="cmd:pass", fingerprint="AB")
    known = whole.proxmox(Run())
    assert (known.url, known.token, known.fingerprint) == ("https://192.168.0.2:8006", TOKEN, "AB")
    assert "canary" not in repr(known)
    for said in (of(), of(url="https://192.168.0.2:8006"), of(token="env:X")):
        with pytest.raises(Usage, match="not set") as raised:
            said.proxmox(Run())
        assert "proxmox: {url:" in raised.value.why
    with pytest.raises(Usage, match=r"proxmox\.pasword"):
        of(url="https://192.168.0.2:8006", token="cmd:pass", pasword="x").proxmox(Run())


def test_a_system_is_connected_when_something_asks_for_it() -> None:
    """Once; and a missing setting is nobody's error who does not."""
    made: list[str] = []
    systems = Systems()

    def maker() -> Any:
        made.append("proxmox")
        return object()

    systems.makers["proxmox"] = maker
    assert "source" not in systems
    assert made == []
    assert systems["proxmox"] is systems["proxmox"]
    assert made == ["proxmox"]
    with pytest.raises(KeyError):
        systems["weather"]
