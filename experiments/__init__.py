"""Studies of our own, each by one command."""
