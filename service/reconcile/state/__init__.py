"""The state of a run: snapshot, outbox and CMS side by side."""
