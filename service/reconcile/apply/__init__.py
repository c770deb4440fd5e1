"""Carrying out what a comparison has found, for real or on paper."""
