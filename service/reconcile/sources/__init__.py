"""Where the records of a snapshot come from: one file per kind."""
