"""`rbd` and `ceph` as a person's settings run them: argv → exit code, stdout, stderr, and what it changed (real/ceph.md §2-§7).

Each costs 0.3-0.6 s, as through an exec into the toolbox. Booleans in the JSON are strings, exit 1 is ambiguous, and
`ceph osd blocklist ls` prints a document followed by `[]`: all as measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portkey_migrate.lab.ceph import Image, Snapshot, ceph
from portkey_migrate.lab.records import count, minus
from portkey_migrate.lab.truth import assumed, measured

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

FACTS = (
    measured("exit codes: 2, 16, 17, 22, 39 and an ambiguous 1", "Ceph each at least once"),
    measured("booleans are strings; a diff that fails prints []", "Ceph each once"),
    measured("osd blocklist ls prints a document and []", "Ceph once"),
    measured("a rollback succeeds under a live writer", "Ceph once, an image without exclusive-lock"),
    measured("profile rbd may add to the blocklist and not remove", "Ceph rm, and add without a nonce: 13"),
    assumed("a diff has an extent for each record", "a real one counts bytes, and more than was written in new objects", "either"),
)

Result = dict[str, Any]
EPERM, ENOENT, EACCES, EBUSY, EEXIST, EINVAL, EROFS, ENOTEMPTY = 1, 2, 13, 16, 17, 22, 30, 39
_HOUR = 3600.0
#: Options that take a value, as far as anybody uses them.
_VALUED = frozenset({
    "--format", "--client-mount-timeout", "--rados-osd-op-timeout", "--rados-mon-op-timeout", "--connect-timeout", "--from-snap",
    "-p", "--pool", "--id", "-n", "--name", "--keyring", "-c", "--conf", "--cluster", "-m", "-f",
})  # fmt: skip
_FLAGS = frozenset({"--no-progress", "--whole-object", "--all", "--pretty-format"})


class UsageError(Exception):
    pass


def _parsed(argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    options: dict[str, str] = {}
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            words.append(word)
        elif name in _VALUED:
            if not equals and not rest:
                raise UsageError(f"the required argument for option '{name}' is missing")
            options[name] = value if equals else rest.pop(0)
        elif word in _FLAGS:
            options[word] = "true"
        else:
            raise UsageError(f"unrecognised option '{word}'")
    return words, options


def _told(world: World, code: int, stdout: str = "", stderr: str = "") -> Result:
    return {"code": code, "stdout": stdout, "stderr": stderr, "takes": world.latency("rbd")}


def _wrote(world: World, verb: str, kind: str, name: str, *, changed: bool, status: int) -> None:
    """A line in the ledger, as for any write: Ceph has no actors, so the session is whoever's command this is."""
    ledger = world.store.ledger
    ledger.append({
        "seq": len(ledger) + 1, "t": world.now, "cluster": "ceph", "actor": "rbd", "session": world.caller, "token": "", "verb": verb,
        "kind": kind, "namespace": "", "name": name, "changed": changed, "status": status,
    })  # fmt: skip


def changes(world: World, argv: Sequence[str]) -> bool:
    """Whether a command changes something: faults hit it, death is tried before and after it. Taking away what is not listed is a question."""
    try:
        words, _ = _parsed(argv)
    except UsageError:
        return False
    if argv[0] == "rbd":
        return words[:1] == ["rm"] or " ".join(words[:2]) in ("snap create", "snap rm", "snap remove", "snap rollback")
    listed = any(word in ceph(world).blocklist for word in words[3:4])
    return words[:3] == ["osd", "blocklist", "add"] or (words[:3] == ["osd", "blocklist", "rm"] and listed)


# ---- rbd ----


def rbd(world: World, argv: Sequence[str], stdin: str) -> Result:
    del stdin
    try:
        words, options = _parsed(argv)
    except UsageError as error:
        return _told(world, EPERM, "", f"rbd: {error}\n")
    pair = " ".join(words[:2])
    command, rest = (_COMMANDS[pair], words[2:]) if pair in _COMMANDS else (_COMMANDS.get(words[0]) if words else None, words[1:])
    if command is None:
        return _told(world, EPERM, "", f"rbd: error parsing command '{' '.join(words)}'; rbd help lists the commands\n")
    if not rest and command is not _ls:
        return _told(world, EINVAL, "", "rbd: image name was not specified\n")
    if "--format" in options and command in (_snap_create, _snap_rm, _rollback, _rm):
        return _told(world, EPERM, "", "rbd: unrecognised option '--format'\n")
    return command(world, rest[0] if rest else "", options)


def _found(world: World, spec: str, options: dict[str, str]) -> tuple[Image | None, str]:
    """POOL/IMAGE[@SNAP] → the image and the snapshot's name."""
    path, _, snap = spec.partition("@")
    pool, slash, name = path.rpartition("/")
    return ceph(world).image(pool if slash else options.get("--pool", options.get("-p", "rbd")), name), snap


def _missing(world: World, name: str) -> Result:
    at = datetime.fromtimestamp(world.now, UTC).isoformat()
    noise = f"{at} 7f1 -1 librbd::image::OpenRequest: failed to retrieve name: (2) No such file or directory\n"
    return _told(world, ENOENT, "", f"{noise}rbd: error opening image {name}: (2) No such file or directory\n")


def _when(t: float) -> str:
    return datetime.fromtimestamp(t, UTC).strftime("%a %b %e %H:%M:%S %Y")


def _said(world: World, options: dict[str, str], data: Any, text: str) -> Result:
    return _told(world, 0, json.dumps(data, separators=(",", ":")) if options.get("--format") == "json" else text)


def _status(world: World, spec: str, options: dict[str, str]) -> Result:
    image, _ = _found(world, spec, options)
    if image is None:
        return _missing(world, spec)
    there = [{"address": one.address, "client": one.number, "cookie": one.cookie} for one in ceph(world).watchers(world, image)]
    lines = [f"\twatcher={one['address']} client.{one['client']} cookie={one['cookie']}" for one in there]
    return _said(world, options, {"watchers": there}, "Watchers:\n" + "\n".join(lines) + "\n" if lines else "Watchers: none\n")


def _info(world: World, spec: str, options: dict[str, str]) -> Result:
    image, snap = _found(world, spec, options)
    if image is None or (snap and not _snapshot(image, snap)):
        return _missing(world, spec)
    data: dict[str, Any] = {
        "name": image.name,
        "id": image.id,
        "size": image.size,
        "objects": -(-image.size // (1 << 22)),
        "order": 22,
        "object_size": 1 << 22,
        "snapshot_count": len(image.snapshots),
        "block_name_prefix": f"rbd_data.{image.id}",
        "format": 2,
        "features": ["layering"],
        "op_features": [],
        "flags": [],
        "create_timestamp": _when(image.made),
        "access_timestamp": _when(image.made),
        "modify_timestamp": _when(image.made),
    }
    if snap:
        data["protected"] = "false"
    return _said(world, options, data, f"rbd image '{image.name}':\n\tsize {image.size} B in {data['objects']} objects\n\tid: {image.id}\n")


def _ls(world: World, spec: str, options: dict[str, str]) -> Result:
    pool = spec or options.get("--pool", options.get("-p", "rbd"))
    names = sorted(name for where, name in ceph(world).images if where == pool)
    if not names and not any(where == pool for where, _ in ceph(world).images):
        return _told(world, ENOENT, "", f"rbd: error opening pool '{pool}': (2) No such file or directory\n")
    return _said(world, options, names, "".join(f"{name}\n" for name in names))


def _snapshot(image: Image, name: str) -> Snapshot | None:
    return next((one for one in image.snapshots if one.name == name), None)


def _snap_ls(world: World, spec: str, options: dict[str, str]) -> Result:
    image, _ = _found(world, spec, options)
    if image is None:
        return _missing(world, spec)
    there = [{"id": one.id, "name": one.name, "size": image.size, "protected": "false", "timestamp": _when(one.t)} for one in image.snapshots]
    head = "SNAPID  NAME  SIZE  PROTECTED  TIMESTAMP\n" if there else ""
    return _said(world, options, there, head + "".join(f"{one['id']}  {one['name']}  {one['size']}  {one['timestamp']}\n" for one in there))


def _snap_create(world: World, spec: str, options: dict[str, str]) -> Result:
    image, snap = _found(world, spec, options)
    if image is None:
        return _missing(world, spec)
    if not snap:
        return _told(world, EINVAL, "", "rbd: snapshot name was not specified\n")
    if _snapshot(image, snap) is not None:
        _wrote(world, "create", "Snapshot", f"{image.name}@{snap}", changed=False, status=EEXIST)
        return _told(world, EEXIST, "", "Creating snap: 10% complete...failed.\nrbd: failed to create snapshot: (17) File exists\n")
    ceph(world).snapshot(world, image, snap)
    _wrote(world, "create", "Snapshot", f"{image.name}@{snap}", changed=True, status=0)
    return _told(world, 0, "", "Creating snap: 100% complete...done.\n")


def _snap_rm(world: World, spec: str, options: dict[str, str]) -> Result:
    image, snap = _found(world, spec, options)
    if image is None:
        return _missing(world, spec)
    found = _snapshot(image, snap)
    if found is None:
        return _told(world, ENOENT, "", "Removing snap: 0% complete...failed.\nrbd: failed to remove snapshot: (2) No such file or directory\n")
    image.snapshots.remove(found)
    _wrote(world, "delete", "Snapshot", f"{image.name}@{snap}", changed=True, status=0)
    return _told(world, 0, "", "Removing snap: 100% complete...done.\n")


def _rollback(world: World, spec: str, options: dict[str, str]) -> Result:
    """Layering only: it succeeds under a live writer, with nobody warned (real/ceph.md §3)."""
    image, snap = _found(world, spec, options)
    found = None if image is None else _snapshot(image, snap)
    if image is None or found is None:
        return _missing(world, spec)
    ceph(world).roll_back(world, image, found)
    _wrote(world, "rollback", "Image", f"{image.name}@{snap}", changed=True, status=0)
    return _told(world, 0)


def _rm(world: World, spec: str, options: dict[str, str]) -> Result:
    image, _ = _found(world, spec, options)
    if image is None:
        return _missing(world, spec)
    if image.snapshots:
        held = "rbd: image has snapshots - these must be deleted with 'rbd snap purge' before the image can be removed.\n"
        return _told(world, ENOTEMPTY, "", held)
    if not ceph(world).remove(world, image):
        return _told(world, EBUSY, "", "rbd: error: image still has watchers\n")
    _wrote(world, "delete", "Image", image.name, changed=True, status=0)
    return _told(world, 0, "", "Removing image: 100% complete...done.\n")


def _diff(world: World, spec: str, options: dict[str, str]) -> Result:
    """Extents written since a snapshot, about: one of 4 KiB for each record, and none where nothing was written. A failing one prints `[]` too."""
    image, _ = _found(world, spec, options)
    since = options.get("--from-snap", "")
    found = None if image is None else _snapshot(image, since)
    if image is None or (since and found is None):
        return {**_missing(world, spec), "stdout": "[]"}
    written = count(minus(ceph(world).content(world, image), found.content if found is not None else ()))
    extents = [{"offset": 4096 * n, "length": 4096, "exists": "true"} for n in range(min(written, image.size // 4096))]
    return _said(world, options, extents, "".join(f"{one['offset']}  {one['length']}  data\n" for one in extents))


_COMMANDS: dict[str, Callable[[Any, str, dict[str, str]], Result]] = {
    "status": _status,
    "info": _info,
    "ls": _ls,
    "list": _ls,
    "snap ls": _snap_ls,
    "snap list": _snap_ls,
    "snap create": _snap_create,
    "snap rm": _snap_rm,
    "snap remove": _snap_rm,
    "snap rollback": _rollback,
    "rm": _rm,
    "diff": _diff,
}

# ---- ceph ----


def ceph_command(world: World, argv: Sequence[str], stdin: str) -> Result:
    """`ceph osd blocklist ls|add|rm`, `ceph fsid`, `ceph status`: more is nobody's business here."""
    del stdin
    try:
        words, options = _parsed(argv)
    except UsageError as error:
        return _told(world, EINVAL, "", f"{error}\n")
    if words[:2] == ["osd", "blocklist"] and len(words) > 2:  # noqa: PLR2004 (osd blocklist VERB)
        return _blocklist(world, words[2], words[3:], options)
    if words == ["fsid"]:
        return _told(world, 0, "9f2c3d1a-7a0b-4c5e-8f61-2b3c4d5e6f70\n")
    if words in (["status"], ["-s"], ["health"]):
        return _said(world, options, {"health": {"status": "HEALTH_OK"}}, "HEALTH_OK\n")
    return _told(world, EINVAL, "", f"no valid command found; invalid command: {' '.join(words)}\nError EINVAL: invalid command\n")


def _blocklist(world: World, verb: str, rest: list[str], options: dict[str, str]) -> Result:  # noqa: PLR0911 (one answer each)
    here = ceph(world)
    if verb == "ls":
        there = [{"addr": address, "until": datetime.fromtimestamp(until, UTC).isoformat()} for address, until in here.listed(world.now).items()]
        if options.get("--format") == "json" or options.get("-f") == "json":
            return _told(world, 0, f"\n{json.dumps(there)}" + ("[]" if there else ""), f"listed {len(there)} entries\n")
        return _told(world, 0, "".join(f"{one['addr']} {one['until']}\n" for one in there), f"listed {len(there)} entries\n")
    if not rest or not _is_address(rest[0]):
        return _told(world, EINVAL, "", "Error EINVAL: unable to parse address\n")
    address = rest[0]
    if verb == "add":
        if "/" not in address:
            return _told(world, EACCES, "", "Error EACCES: access denied\n")  # without a nonce it is a whole address: profile rbd may not
        new = address not in here.listed(world.now)
        here.shut_out(world, address, world.now + (float(rest[1]) if len(rest) > 1 else _HOUR))
        _wrote(world, "create", "Blocklist", address, changed=new, status=0)
        return _told(world, 0, "", f"blocklisting {address} until {datetime.fromtimestamp(here.blocklist[address], UTC).isoformat()}\n")
    if verb == "rm":
        if not here.caps["blocklist-rm"]:
            return _told(world, EACCES, "", "Error EACCES: access denied\n")  # profile rbd may add and list, not take away (real/README.md §4.16)
        gone = here.blocklist.pop(address, None) is not None
        if gone:
            _wrote(world, "delete", "Blocklist", address, changed=True, status=0)
        return _told(world, 0, "", f"un-blocklisting {address}\n" if gone else f"{address} isn't blocklisted\n")
    return _told(world, EINVAL, "", f"invalid command: osd blocklist {verb}\nError EINVAL: invalid command\n")


def _is_address(text: str) -> bool:
    host, _, rest = text.partition(":")
    port, slash, nonce = rest.partition("/")
    numbers = host.split(".")
    return len(numbers) == 4 and all(one.isdigit() for one in numbers) and (not rest or port.isdigit()) and (not slash or nonce.isdigit())  # noqa: PLR2004 (an IPv4 address has four parts)
