"""What a reconcile finds and decides. Pure."""
