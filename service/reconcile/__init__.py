"""Reconcile: a snapshot of a source against the outbox and the CMS."""
