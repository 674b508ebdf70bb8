"""W&B's workspace and report of runs."""
