"""The long-running processes: store, supervisor, web and workers."""
