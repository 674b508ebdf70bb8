"""Scaling laws, one file each: power laws for any phi, and published tables. No torch."""
