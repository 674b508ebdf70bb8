"""Strategies raced on a table of known results."""
