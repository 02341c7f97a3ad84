"""One verb was taken from our role: patch of Ingresses at the source, which only the pivot would have found out."""

from dataclasses import replace

from portkey_migrate.lab.api.rights import Rule
from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.world import World


def apply(world: World, _app: str) -> None:
    def lessened(rule: Rule) -> Rule:
        return replace(rule, verbs=tuple(verb for verb in rule.verbs if verb != "patch")) if "ingresses" in rule.resources else rule

    world.tokens["source"] = {token: replace(user, rules=tuple(map(lessened, user.rules))) for token, user in world.tokens["source"].items()}


SITUATION = Situation("permission-missing", "Our role at the source may not patch Ingresses.", apply)
