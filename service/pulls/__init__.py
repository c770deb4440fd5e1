"""Sources that are pulled: read page by page, then reconciled."""
