"""The training of a supernet as a run."""
