"""The space of scaling coefficients."""
