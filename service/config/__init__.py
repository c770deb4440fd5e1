"""Building the configuration, and logging."""
