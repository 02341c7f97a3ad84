"""One file for each outside system, each the only home of its library; and `at.py`, what a check or a step may look at."""
