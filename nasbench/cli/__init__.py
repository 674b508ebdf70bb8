"""The command line: one file a command; parses, prints, exits."""
