"""HTTP, whole and in time."""
