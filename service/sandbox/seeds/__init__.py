"""The initial content of a site."""
