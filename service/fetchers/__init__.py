"""Fetchers: read the object that a thin notice only names."""
