"""A small space of NASNet-like cells, with a table of trainings."""
