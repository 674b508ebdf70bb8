"""The report of the training of a supernet."""
