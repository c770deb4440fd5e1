"""The embedded store: its files, and what is done about files that are damaged."""
