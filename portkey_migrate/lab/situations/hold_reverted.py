"""The source's ApplicationSet lost its tolerance after the app was prepared: a commit that somebody reverted."""

from portkey_migrate.lab.situations import Situation
from portkey_migrate.lab.situations.hold_not_tolerated import apply

SITUATION = Situation("hold-reverted", "A hold that is put on now is taken back.", apply, after="prepared")
