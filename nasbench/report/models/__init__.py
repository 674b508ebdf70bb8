"""Pages, tables and pictures of networks, without a run."""
