"""What the worker processes run."""
