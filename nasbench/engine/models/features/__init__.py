"""Features of a trained network: the command, and what a layer of it tells about a data set."""
