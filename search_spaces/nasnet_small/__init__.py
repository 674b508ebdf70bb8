"""A small space of NASNet-like cells, with a table of all its networks."""
