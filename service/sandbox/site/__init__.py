"""The state of the stand-in, and what may be done to it."""
