"""The report of a search for scaling coefficients."""
