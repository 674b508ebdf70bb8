"""Searches side by side: curves, differences with intervals, best cells, configurations."""
