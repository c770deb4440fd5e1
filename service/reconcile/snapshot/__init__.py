"""From the records of a snapshot to changes."""
