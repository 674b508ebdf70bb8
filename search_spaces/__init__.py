"""Search spaces: geometry as data, networks as code."""
