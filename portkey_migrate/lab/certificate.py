"""A certificate made on the spot for the lab's door: ECDSA on P-256, self-signed, in plain DER.

The standard library can serve TLS but cannot make a certificate, and a whole cryptography package for one loopback listener is too much.
Nothing secret depends on it: the key lives as long as the door, and only guests on this machine ever meet it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import NamedTuple

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
_ECDSA_SHA256, _EC_KEY, _P256 = (1, 2, 840, 10045, 4, 3, 2), (1, 2, 840, 10045, 2, 1), (1, 2, 840, 10045, 3, 1, 7)

_Point = tuple[int, int] | None


class Certificate(NamedTuple):
    pem: str
    key_pem: str
    der: bytes


def _add(one: _Point, two: _Point) -> _Point:
    if one is None or two is None:
        return one or two
    if one[0] == two[0]:
        if (one[1] + two[1]) % _P == 0:
            return None
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, _P) % _P
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, _P) % _P
    x = (slope * slope - one[0] - two[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _times(scalar: int, point: _Point) -> _Point:
    out: _Point = None
    while scalar:
        if scalar & 1:
            out = _add(out, point)
        point, scalar = _add(point, point), scalar >> 1
    return out


def _signed(digest: bytes, key: int) -> bytes:
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        point = _times(nonce, _G)
        r = 0 if point is None else point[0] % _N
        s = pow(nonce, -1, _N) * (int.from_bytes(digest) + r * key) % _N
        if r and s:
            return _sequence(_integer(r), _integer(s))


# ---- DER ----


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:  # noqa: PLR2004 - DER's short form ends there
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 128 | len(length))) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tlv(0x30, b"".join(parts))


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def _oid(numbers: tuple[int, ...]) -> bytes:
    out = bytes((numbers[0] * 40 + numbers[1],))
    for number in numbers[2:]:
        groups = [number & 127]
        while number := number >> 7:
            groups.insert(0, 128 | (number & 127))
        out += bytes(groups)
    return _tlv(0x06, out)


def _bits(content: bytes, unused: int = 0) -> bytes:
    return _tlv(0x03, bytes((unused,)) + content)


def _extension(number: int, value: bytes, *, critical: bool = False) -> bytes:
    return _sequence(_oid((2, 5, 29, number)), *([_tlv(0x01, b"\xff")] if critical else []), _tlv(0x04, value))


def _pem(what: str, der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[n : n + 64] for n in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {what}-----", *lines, f"-----END {what}-----", ""))


def made(names: tuple[str, ...], addresses: tuple[bytes, ...] = (b"\x7f\x00\x00\x01",)) -> Certificate:
    """A self-signed certificate for DNS names and packed IP addresses; it is its own authority, so its PEM is the CA file of a kubeconfig."""
    key = secrets.randbelow(_N - 1) + 1
    point = _times(key, _G)
    public = b"\x04" + b"".join(number.to_bytes(32) for number in (point or (0, 0)))
    who = _sequence(_tlv(0x31, _sequence(_oid((2, 5, 4, 3)), _tlv(0x0C, names[0].encode()))))
    algorithm = _sequence(_oid(_ECDSA_SHA256))
    also = b"".join(_tlv(0x82, name.encode()) for name in names) + b"".join(_tlv(0x87, address) for address in addresses)
    mark = _tlv(0x04, hashlib.sha1(public, usedforsecurity=False).digest())
    extensions = _sequence(
        _extension(19, _sequence(_tlv(0x01, b"\xff")), critical=True),  # basicConstraints: an authority, its own
        _extension(15, _bits(b"\x84", 2), critical=True),  # keyUsage: digitalSignature, keyCertSign
        _extension(37, _sequence(_oid((1, 3, 6, 1, 5, 5, 7, 3, 1)))),  # extKeyUsage: serverAuth
        _extension(17, _sequence(also)),  # subjectAltName
        _extension(14, mark),  # subjectKeyIdentifier
        _extension(35, _sequence(_tlv(0x80, mark[2:]))),  # authorityKeyIdentifier
    )
    body = _sequence(
        _tlv(0xA0, _integer(2)),
        _integer(secrets.randbits(120)),
        algorithm,
        who,
        _sequence(_tlv(0x17, b"250101000000Z"), _tlv(0x17, b"491231235959Z")),
        who,
        _sequence(_sequence(_oid(_EC_KEY), _oid(_P256)), _bits(public)),
        _tlv(0xA3, extensions),
    )
    der = _sequence(body, algorithm, _bits(_signed(hashlib.sha256(body).digest(), key)))
    private = _sequence(_integer(1), _tlv(0x04, key.to_bytes(32)), _tlv(0xA0, _oid(_P256)), _tlv(0xA1, _bits(public)))
    return Certificate(_pem("CERTIFICATE", der), _pem("EC PRIVATE KEY", private), der)
