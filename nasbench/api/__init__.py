"""The commands as functions: typed keywords, results that show themselves in notebooks."""
