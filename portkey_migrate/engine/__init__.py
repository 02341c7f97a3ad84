"""One loop for forward, back and resumed; the only room that sends, and the only one that waits."""
