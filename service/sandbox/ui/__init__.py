"""The page at /, for a person."""
