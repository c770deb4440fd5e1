"""The state of the stand-in, and the operations on it."""
