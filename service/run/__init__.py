"""What stays: the store, a supervisor, and the processes that it runs."""
