"""What people read: the journal as a Report, and every other screen. Asks nothing, sends nothing, waits for nothing.

`status` passes through here, so nothing in this room imports more than the standard library's cheap half.
"""

#: As model.API_VERSION; a test holds them equal. Importing the model costs `status` 25 ms of dataclasses.
API_VERSION = "portkey.dev/v1"
