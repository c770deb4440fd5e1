"""Carrying out what a comparison has found, for real or as a dry run."""
