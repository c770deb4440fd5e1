"""What a field of the CMS holds, by its type."""
