"""Requests to other hosts than the CMS: alerts, and a look at pictures."""
