"""Runs the real plan with the real commands in the lab: seeds, kills, faults, and what the lab says of it."""
