"""The whole configuration, and how what runs logs."""
