"""The store: connections, and one module for each family of keys."""
