"""Compound scaling: the command, and the search for its coefficients."""
