"""One file a verb, each with a `command`. Imported when it is typed."""
