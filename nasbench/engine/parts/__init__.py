"""What a configuration names, looked up, checked and built."""
