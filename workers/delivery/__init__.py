"""Delivery: one step of a destination, from claim to settle."""
