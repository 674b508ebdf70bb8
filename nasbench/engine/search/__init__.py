"""Searches: the command, its rehearsal, and the supernet that it may train first."""
