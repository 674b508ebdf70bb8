"""What stands around any strategy: limits, screens, random trials, growing depth, rows of a table."""
