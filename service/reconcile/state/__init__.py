"""What a run of reconcile knows, side by side."""
