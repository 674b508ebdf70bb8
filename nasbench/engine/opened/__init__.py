"""A run directory as an object: what every command returns, and what open_run gives."""
