"""Secrets cross the tool without being seen: what leaves the adapter is an HMAC for each key, what is sent is read at that moment.

The HMAC's key belongs to one journal, so that both clusters and all rows of that journal compare, and nothing else does (domain B31).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from portkey_migrate.errors import SendRefused

_FRONT = "hmac:"
#: kubectl apply keeps the whole object here, values and all.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def masked(key: bytes, thing: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret with an HMAC in place of each value."""
    meta = {name: value for name, value in thing.get("metadata", {}).items() if name != "managedFields"}
    if _LAST_APPLIED in meta.get("annotations", {}):
        meta["annotations"] = {name: value for name, value in meta["annotations"].items() if name != _LAST_APPLIED}
    out = {name: value for name, value in thing.items() if name not in ("data", "stringData", "metadata")}
    return {**out, "metadata": meta, "data": {name: _mac(key, value) for name, value in (thing.get("data") or {}).items()}}


def filled(key: bytes, wanted: Mapping[str, Any], original: Mapping[str, Any] | None, copy_of: str) -> dict[str, Any]:
    """The data to send: each wanted HMAC replaced by the original's value. Raises `SendRefused` where the original is not what was seen."""
    have = (original or {}).get("data") or {}
    for name, value in wanted.items():
        if name not in have or not hmac.compare_digest(_mac(key, have[name]), str(value)):
            raise SendRefused(0, "SecretChanged", f"{copy_of or 'the Secret'}: key {name} is not what it was when the change was recorded")
    return {name: have[name] for name in wanted}


def _mac(key: bytes, value: str | None) -> str:
    try:
        raw = base64.b64decode(value or "", validate=True)
    except (binascii.Error, ValueError):
        raw = (value or "").encode()
    return _FRONT + hmac.new(key, raw, hashlib.sha256).hexdigest()
