"""The store: its connections, and one module per family of keys."""
