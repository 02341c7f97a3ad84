"""A secret in clear is refused wherever it stands, and never comes back out."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import pytest

from portkey_migrate.plan import secrets

Files = Mapping[str, str | bytes | None]
Faults = Callable[[Files], list[str]]

CANARY = "s3cr3t-CANARY-hunter2"
TOKEN = "0f0e0d0c-0b0a-4000-8000-c0ffee112233"
WHERE = {
    "a key of an app": f"apps:\n  alpha: {{method: stateless, password: {CANARY}}}\n  beta: {{method: stateless}}\n",
    "a key in camel case": f"apps:\n  alpha: {{method: stateless, restToken: {CANARY}}}\n  beta: {{method: stateless}}\n",
    "an upper case key": f"apps:\n  alpha: {{method: stateless, API_KEY: {CANARY}}}\n  beta: {{method: stateless}}\n",
    "a mapping below such a key": f"apps:\n  alpha: {{method: stateless, secret: {{value: {CANARY}}}}}\n  beta: {{method: stateless}}\n",
    "a state of a need": f"apps:\n  alpha: {{method: stateless}}\n  beta: {{method: stateless, needs: {{token: {CANARY}}}}}\n",
    "a text": f'apps:\n  alpha: {{method: stateless, tell: "password: {CANARY}"}}\n  beta: {{method: stateless}}\n',
    "a comment": f"# Authorization: Bearer {CANARY}\napps:\n  alpha: {{method: stateless}}\n  beta: {{method: stateless}}\n",
    "a token of Proxmox": f"apps:\n  alpha: {{method: stateless, outage: 'PVEAPIToken=root@pam!m={CANARY}'}}\n  beta: {{method: stateless}}\n",
    "a bearer": f"apps:\n  alpha: {{method: stateless, http: 'Bearer {CANARY}'}}\n  beta: {{method: stateless}}\n",
    "a key itself": f"apps:\n  alpha: {{method: stateless, 'PVEAPIToken={CANARY}': x}}\n  beta: {{method: stateless}}\n",
    "a URL": f"apps:\n  alpha: {{method: stateless, http: 'https://me:{CANARY}@pve'}}\n  beta: {{method: stateless}}\n",
    "broken YAML": f"apps:\n  alpha: {{method: stateless, password: *{CANARY}}}\n",
}


@pytest.mark.parametrize("where", WHERE)
def test_a_secret_is_refused_and_not_echoed(where: str, faults: Faults) -> None:
    """In every place a fault, in no place the value."""
    told = faults({"apps.yaml": WHERE[where]})
    assert told
    assert not any(CANARY in line for line in told)
    if where != "broken YAML":
        assert any("a secret in clear" in line for line in told)


def test_the_place_of_a_secret_is_told(faults: Faults) -> None:
    """So that it can be taken out, and the token be withdrawn."""
    assert faults({"apps.yaml": WHERE["a key of an app"]}) == [
        "phases/apps.yaml:2:30: apps.alpha.password: a secret in clear; a plan goes into Git, and Git forgets nothing"
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"root@pam!migrate={TOKEN}",
        "-----BEGIN RSA PRIVATE KEY-----",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVz.c2lnbmF0dXJl",
        "ghp_" + "a1B2" * 9,
        "AKIA" + "ABCD1234" * 2,
        base64.b64encode(bytes(range(40))).decode(),
    ],
)
def test_the_shape_of_a_secret_is_known(text: str) -> None:
    """Tokens that this house meets, and base64 of anything."""
    assert secrets.holds(f"x {text} y")
    assert text not in secrets.hide(f"x {text} y")


@pytest.mark.parametrize(
    "text",
    [
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "7c1e2f3a-0000-4000-8000-0123456789ab",
        "Passwords stay readable in the phone app; saving waits about 3 minutes.",
        "https://192.168.0.2:8006",
        "target-repository-is-its-own-and-so-on-and-so-forth",
    ],
)
def test_what_a_plan_holds_is_no_secret(text: str) -> None:
    """Digests, UIDs, sentences, addresses and long names."""
    assert not secrets.holds(text)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("password", True),
        ("db_password", True),
        ("clientSecret", True),
        ("api-key", True),
        ("tokens", False),
        ("compass", False),
        ("keyboard", False),
        ("secrets-are-equal", False),
    ],
)
def test_a_key_says_that_its_value_is_a_secret(name: str, *, is_one: bool) -> None:
    """By the word at its end."""
    assert secrets.is_key(name) is is_one
