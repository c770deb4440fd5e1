"""HTTP requests with a deadline for the whole exchange."""
