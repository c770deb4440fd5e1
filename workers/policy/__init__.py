"""Decisions: what an answer of the CMS means for each item, and what happens next."""
