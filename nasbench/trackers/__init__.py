"""Trackers: listeners of a run."""
