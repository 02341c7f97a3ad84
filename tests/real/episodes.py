"""Short stories inside a random script: requests that mean something only one after the other, which chance alone seldom puts together."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.real.script import MERGE, Step

_NS = "/api/v1/namespaces/{ns}"
_BUDGETS = "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets"


def _pod(name: str, *, placed: bool) -> Step:
    spec = {"containers": [{"name": "c", "image": "registry.example/app:1"}], **({"nodeName": "nowhere"} if placed else {})}
    return Step("POST", f"{_NS}/pods", {"metadata": {"name": name, "labels": {"story": name}}, "spec": spec})


def eviction_under_a_budget(rng: random.Random) -> list[Step]:
    """A running Pod, a budget that allows one or none, and somebody who wants it gone, twice."""
    ready = rng.choice(("True", "True", "False"))
    running = {"status": {"phase": rng.choice(("Running", "Running", "Pending")), "conditions": [{"type": "Ready", "status": ready}]}}
    budget: dict[str, Any] = {"metadata": {"name": "told"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"story": "told"}}}}
    if rng.random() < 0.3:
        budget["spec"]["unhealthyPodEvictionPolicy"] = rng.choice(("AlwaysAllow", "IfHealthyBudget"))
    allowed, healthy = rng.choice((0, 0, 1)), rng.choice((0, 1, 2))
    status = {
        "observedGeneration": rng.choice((1, 1, 1, 9)),
        "currentHealthy": healthy,
        "desiredHealthy": 1,
        "expectedPods": 2,
        "disruptionsAllowed": allowed,
    }
    evict = Step("POST", f"{_NS}/pods/told/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "told"}})
    tried = Step("POST", f"{evict.path}?dryRun=All", evict.body)
    steps = [_pod("told", placed=True), Step("PATCH", f"{_NS}/pods/told/status", running, MERGE), Step("POST", _BUDGETS, budget)]
    if rng.random() < 0.8:
        steps.append(Step("PATCH", f"{_BUDGETS}/told/status", {"status": status}, MERGE))
    if rng.random() < 0.2:
        steps.append(Step("PATCH", f"{_BUDGETS}/told", {"spec": {"minAvailable": 2}}, MERGE))  # a generation that nobody has observed
    return [*steps, tried, evict, evict, Step("GET", f"{_NS}/pods/told"), Step("GET", f"{_BUDGETS}/told")]


def pages_while_things_change(rng: random.Random) -> list[Step]:
    """Five objects in pages, with one made, one changed and one deleted between them."""
    maps = f"{_NS}/configmaps"
    made = [Step("POST", maps, {"metadata": {"name": f"p{n}"}}) for n in range(5)]
    between = [
        Step("POST", maps, {"metadata": {"name": "p1x"}}),
        Step("DELETE", f"{maps}/p4"),
        Step("PATCH", f"{maps}/p3", {"data": {"k": "9"}}, MERGE),
    ]
    rng.shuffle(between)
    limit = rng.choice((1, 2))
    more = Step("GET", f"{maps}?limit={limit}&continue=<token configmaps 0>")
    return [*made, Step("GET", f"{maps}?limit={limit}"), *between[: rng.choice((1, 2, 3))], more, more, Step("GET", maps)]


def a_fence(rng: random.Random) -> list[Step]:
    """A quota of no Pods, believed from its status on; lifted by a huge number."""
    quotas = f"{_NS}/resourcequotas"
    fence = Step("POST", quotas, {"metadata": {"name": "pm-fence"}, "spec": {"hard": {"pods": "0"}}})
    on, off = ({"status": {"hard": {"pods": hard}, "used": {"pods": "0"}}} for hard in ("0", "1M"))
    tried = Step("POST", f"{_NS}/pods?dryRun=All", _pod("wants-in", placed=False).body)
    return [
        fence, tried, Step("PATCH", f"{quotas}/pm-fence/status", on, MERGE), tried, _pod("wants-in", placed=False),
        Step("PATCH", f"{quotas}/pm-fence", {"spec": {"hard": {"pods": "1M"}}}, MERGE), tried,
        Step("PATCH", f"{quotas}/pm-fence/status", off, MERGE), tried, _pod("wants-in", placed=False),
    ]  # fmt: skip


def a_late_twin(rng: random.Random) -> list[Step]:
    """A DELETE that arrives again, after its object was made anew."""
    maps = f"{_NS}/configmaps"
    body = {"metadata": {"name": "twin"}, "data": {"k": "1"}}
    what = rng.choice(("uid", "uid", "rv"))
    back = rng.choice((0, 1))
    wanted = {"preconditions": {"uid" if what == "uid" else "resourceVersion": f"<{what} configmaps/twin {back}>"}}
    return [
        Step("POST", maps, body), Step("DELETE", f"{maps}/twin"), Step("POST", maps, body), Step("DELETE", f"{maps}/twin", wanted),
        Step("GET", f"{maps}/twin"), Step("PUT", f"{maps}/twin", {**body, "metadata": {"name": "twin", "resourceVersion": "<rv configmaps/twin 1>"}}),
    ]  # fmt: skip


EPISODES: tuple[Callable[[random.Random], list[Step]], ...] = (eviction_under_a_budget, pages_while_things_change, a_fence, a_late_twin)
