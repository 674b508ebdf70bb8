"""The report of cheap scores against the truth."""
