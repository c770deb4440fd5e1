"""The embedded store: its files, its server, and the repair of damaged files."""
