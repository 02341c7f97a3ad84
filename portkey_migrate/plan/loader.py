"""From the files of `phases/` to one frozen Plan, or to every fault that they have."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portkey_migrate.errors import NoPlan, PlanInvalid
from portkey_migrate.model import App, Cluster, Item, Kind, Node, Phase, Plan, Task
from portkey_migrate.plan import document, home, rules
from portkey_migrate.plan.document import KEY, Document, Loc
from portkey_migrate.plan.entries import AppEntry, AppsFile, Defaults, ItemEntry, MigrationFile, PhaseFile
from portkey_migrate.plan.faults import Fault, meant, texts
from portkey_migrate.plan.names import Names
from portkey_migrate.plan.order import Order, Place
from portkey_migrate.plan.reading import judge

_REACHES: Mapping[str, str] = {"app": "committed", "node": "joined", "task": "done"}


def load(folder: Path, names: Names) -> Plan:
    """The plan of a home. Raises `NoPlan`, or `PlanInvalid` with every fault in `data["faults"]`."""
    folder = folder.absolute()
    phases = folder / "phases"
    if not phases.is_dir():
        raise NoPlan("there is no plan here", why=f"{folder} has no folder phases/", hint="migrate -C DIR lint")
    reader = _Reading(folder, names)
    collecting = gc.isenabled()
    gc.disable()  # a plan is a tree: collecting it again and again while it grows was a third of the time
    try:
        plan = reader.plan()
    finally:
        if collecting:
            gc.enable()
    if reader.faults or plan is None:
        faults = texts(reader.faults)
        count = f"{len(faults)} faults" if len(faults) != 1 else "a fault"
        raise PlanInvalid(f"the plan has {count}", why=faults[0], hint="migrate lint", faults=faults)
    return plan


class _Reading:
    """One reading of a folder: the faults so far, and what has been named."""

    def __init__(self, folder: Path, names: Names) -> None:
        self.folder, self.names = folder, names
        self.faults: list[Fault] = []
        self.hash = hashlib.sha256()
        self.not_built: set[str] = set()
        self.tasks: dict[str, Task] = {}

    def plan(self) -> Plan | None:
        phases = self.folder / "phases"
        for path in home.strangers(phases):
            self.faults.append(
                Fault(
                    f"phases/{path.name}", 1, 1, "", "is no file of a plan; a phase is N-name.yaml, lower case, beside migration.yaml and apps.yaml"
                )
            )
        shared = self._document(phases / "migration.yaml")
        listed = self._document(phases / "apps.yaml")
        written = [(path.stem, self._document(path)) for path in home.phase_files(phases)]
        if not written:
            self.faults.append(Fault("phases/", 1, 1, "", "holds no phase; the first is 0-name.yaml or 1-name.yaml"))
        numbers: dict[int, str] = {}
        for name, doc in written:
            other = numbers.setdefault(int(name.split("-")[0]), doc.file)
            if other != doc.file:
                self.faults.append(Fault(doc.file, 1, 1, "", f"has the number of {other}; the order would be a guess"))
        migration = judge(MigrationFile, shared, self.faults)
        apps = judge(AppsFile, listed, self.faults)
        files = [(name, doc, judge(PhaseFile, doc, self.faults)) for name, doc in written]

        order = Order(self.names, _known(shared, listed, written), [name for name, _ in written])
        made_phases = [self._phase(n, name, doc, file, order) for n, (name, doc, file) in enumerate(files)]
        made_apps = self._apps(apps, listed, order)
        for kind in ("app", "node"):
            made = set(made_apps) if kind == "app" else set(migration.nodes if migration else ())
            order.doubtful |= {f"{kind}/{name}" for name in order.known[kind] if name not in made}
        if any(doc.value is None or file is None for _, doc, file in files):
            order.doubtful |= {f"{kind}/{name}" for kind in ("app", "node", "task") for name in order.known[kind]}
        self.faults += order.faults()
        if migration is None or apps is None or self.faults:
            return None
        if not self.names.nodes:
            self.not_built |= {f"node/{name}" for name in migration.nodes}
        return Plan(
            name=migration.name,
            timezone=migration.timezone,
            source=Cluster(migration.source.kind, _uid(migration.source.uid), migration.source.facts()),
            target=Cluster(migration.target.kind, _uid(migration.target.uid), migration.target.facts()),
            nodes={
                name: Node(name, one.vm, one.becomes, one.new.model_dump() if one.new else None, _where(shared, ("nodes", name)))
                for name, one in migration.nodes.items()
            },
            apps=made_apps,
            tasks=self.tasks,
            phases=tuple(one for one in made_phases if one is not None),
            at_once={"prepare": apps.defaults.at_once.prepare, "cutover": apps.defaults.at_once.cutover},
            not_built=frozenset(self.not_built),
            hash=self.hash.hexdigest(),
            home=str(self.folder),
            doubts=tuple(migration.doubts),
        )

    def _document(self, path: Path) -> Document:
        file = f"phases/{path.name}"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            self.faults.append(Fault(file, 1, 1, "", "is missing"))
            return Document(file)
        except OSError as error:
            self.faults.append(Fault(file, 1, 1, "", f"cannot be read: {error.strerror}"))
            return Document(file)
        self.hash.update(f"{path.name}\0{len(data)}\0".encode())
        self.hash.update(data)
        made = document.read(file, data)
        self.faults += made.faults
        return made

    # ---- apps ----

    def _apps(self, file: AppsFile | None, doc: Document, order: Order) -> dict[str, App]:
        if file is None:
            return {}
        return {name: self._app(name, entry, file.defaults, doc, order) for name, entry in file.apps.items()}

    def _app(self, name: str, entry: AppEntry, defaults: Defaults, doc: Document, order: Order) -> App:
        loc = ("apps", name)
        if entry.method in self.names.not_built_methods:
            self.not_built.add(f"app/{name}")
        elif entry.method not in self.names.methods:
            known = [*sorted(self.names.methods), *sorted(self.names.not_built_methods)]
            self.faults.append(
                doc.fault((*loc, "method"), f"no method of this name{meant(entry.method, known)} (methods: {', '.join(known)})", repr(entry.method))
            )
        members = tuple(entry.members or (name,))
        if len(set(members)) < len(members):
            self.faults.append(doc.fault((*loc, "members"), "names a member twice", repr(next(m for m in members if members.count(m) > 1))))
        return App(
            name=name,
            method=entry.method,
            members=members,
            outage=defaults.outage if entry.outage is None else entry.outage,
            soak=defaults.soak if entry.soak is None else entry.soak,
            http=entry.http,
            window=entry.window,
            tell=entry.tell or "",
            silent_node=entry.silent_node,
            needs=order.needs(f"app/{name}", entry.needs, doc, loc, self.faults),
            where=_where(doc, loc),
        )

    # ---- phases ----

    def _phase(self, number: int, name: str, doc: Document, file: PhaseFile | None, order: Order) -> Phase | None:
        if file is None:
            return None
        rows = [
            tuple(
                item for m, entry in enumerate(row) if (item := self._item(Place(number, n, name, "", doc, ("do", n, m)), entry, order)) is not None
            )
            for n, row in enumerate(file.do)
        ]
        for n, row in enumerate(file.do):
            if not row and isinstance(doc.value["do"][n], list):
                self.faults.append(doc.fault(("do", n), "an empty list goes nowhere"))
        for n, check in enumerate(file.done_when):
            self._check(check, doc, ("done-when", n))
        for rule in file.accept:
            if rule not in rules.RULES:
                self.faults.append(doc.fault(("accept", rule, KEY), f"no rule of lint has this name{meant(rule, rules.RULES)}", repr(rule)))
        return Phase(
            name=name,
            goal=file.goal,
            items=tuple(row for row in rows if row),
            needs=order.needs(f"phase/{name}", file.needs, doc, (), self.faults),
            done_when=tuple(file.done_when),
            soak=file.soak,
            accept=dict(file.accept),
            where=f"{doc.file}:1",
        )

    def _item(self, place: Place, entry: ItemEntry, order: Order) -> Item | None:
        """One entry of `do:`, with the rules that its keys have among themselves."""
        doc, loc = place.document, place.loc
        said = [kind for kind in ("app", "node", "task") if getattr(entry, kind) is not None]
        if len(said) != 1:
            self.faults.append(doc.fault(loc, "should name one of app, node, task", " and ".join(said) or "none"))
            return None
        kind, name = said[0], getattr(entry, said[0])
        for key in ("ask", "seen", "needs"):
            if kind != "task" and getattr(entry, key):
                where = "its entry in apps.yaml" if kind == "app" else "nothing of a node"
                self.faults.append(
                    doc.fault(
                        (*loc, key, KEY), f"belongs to a task; {key} of this one is {where}" if key == "needs" else "belongs to a task", repr(key)
                    )
                )
        if kind != "task" and name not in order.known[kind]:
            home_ = "apps.yaml" if kind == "app" else "migration.yaml"
            self.faults.append(doc.fault((*loc, kind), f"{home_} has no {kind} of this name{meant(name, order.known[kind])}", repr(name)))
            return None
        subject = f"{kind}/{name}"
        if kind == "task":
            self._task(name, entry, doc, loc, order)
        to = entry.to or _REACHES[kind]
        if not order.state(kind, name, to, doc, (*loc, "to") if entry.to else (*loc, kind), self.faults):
            return None
        if kind == "app" and self.names.app_gates and to not in self.names.app_gates:
            self.faults.append(
                doc.fault(
                    (*loc, "to"),
                    f"a phase leaves an app at a gate ({', '.join(self.names.app_gates)}); elsewhere it would be down or moving",
                    repr(to),
                )
            )
            return None
        order.put(subject, Place(place.phase, place.row, place.name, to, doc, (*loc, kind)), self.faults)
        return Item(subject, to, _where(doc, (*loc, kind)))

    def _task(self, name: str, entry: ItemEntry, doc: Document, loc: Loc, order: Order) -> None:
        kind, text = name, ""
        if entry.ask is not None and entry.seen is not None:
            self.faults.append(doc.fault((*loc, "seen", KEY), "a task is an ask or a seen, not both", "'seen'"))
        if entry.ask is not None:
            kind, text = "ask", entry.ask
        elif entry.seen is not None:
            kind, text = "seen", entry.seen
            if not self._check(text, doc, (*loc, "seen")):
                self.not_built.add(f"task/{name}")
        elif name in self.names.not_built_tasks:
            self.not_built.add(f"task/{name}")
        elif name not in self.names.tasks:
            known = [*self.names.tasks, *self.names.not_built_tasks]
            self.faults.append(doc.fault((*loc, "task"), f"no task of this name (one of your own has ask: or seen:){meant(name, known)}", repr(name)))
        self.tasks[name] = Task(name, kind, text, order.needs(f"task/{name}", entry.needs, doc, loc, self.faults), _where(doc, (*loc, "task")))

    def _check(self, name: str, doc: Document, loc: Loc) -> bool:
        """Whether a check is built; one that is in no list is a fault."""
        if name in self.names.checks:
            return True
        if name in self.names.not_built_checks:
            self.not_built.add(f"check:{name}")
        else:
            self.faults.append(doc.fault(loc, f"no check of this name{meant(name, [*self.names.checks, *self.names.not_built_checks])}", repr(name)))
        return False


def _known(shared: Document, listed: Document, written: list[tuple[str, Document]]) -> dict[str, dict[str, bool]]:
    """Every name that the plan gives, from the files as written: an entry with a fault is still known by its name."""
    nodes, apps = _mapping(shared.value, "nodes"), _mapping(listed.value, "apps")
    tasks: dict[str, bool] = {}
    for _, doc in written:
        do = doc.value.get("do") if isinstance(doc.value, dict) else None
        for row in do if isinstance(do, list) else ():
            for entry in row if isinstance(row, list) else [row]:
                if isinstance(entry, dict) and isinstance(entry.get("task"), str):
                    tasks[entry["task"]] = False
    by_kind: dict[Kind, dict[str, bool]] = {
        "phase": dict.fromkeys((name for name, _ in written), False),
        "node": {name: isinstance(one, dict) and one.get("new") is not None for name, one in nodes.items()},
        "app": dict.fromkeys(apps, False),
        "task": tasks,
    }
    return dict(by_kind)  # type: ignore[arg-type]  # Kind is text


def _mapping(value: Any, key: str) -> dict[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _where(doc: Document, loc: Loc) -> str:
    return f"{doc.file}:{doc.line(loc)}"


def _uid(text: str) -> str:
    return "" if text == "pending" else text
