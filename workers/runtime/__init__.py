"""The worker processes: jobs, supervision, and the embedded store."""
