"""Intake: from a proven request to the outbox, by way of the spool while the store is away."""
