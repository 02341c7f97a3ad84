"""The simulated world, a process of its own. It imports nothing of the tool's adapters, steps or checks: else both would be wrong together."""
