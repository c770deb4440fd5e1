"""Requests to addresses of the operator's own, such as alerts."""
