"""What an answer of the CMS means, and what is done about it. Pure."""
