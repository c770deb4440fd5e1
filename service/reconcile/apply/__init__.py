"""Apply the findings of a comparison, for real or as a dry run."""
