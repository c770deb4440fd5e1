"""The findings and decisions of a reconcile. Pure."""
