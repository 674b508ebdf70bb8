"""A run that is kept in an object store: no disk that all machines share is needed."""
