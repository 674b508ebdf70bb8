"""One trainer, its data sets and its recipes."""
