"""Cheap scores ranked against the truth."""
