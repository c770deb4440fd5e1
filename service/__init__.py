"""What comes in: the Flask app, the senders, the mappings, and the commands."""
