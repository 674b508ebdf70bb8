"""What is done with one network, without a run: listed, counted, looked into, asked."""
