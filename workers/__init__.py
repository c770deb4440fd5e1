"""What goes out: the outbox, and the RQ workers that empty it into the CMS."""
