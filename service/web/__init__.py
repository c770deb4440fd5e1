"""The HTTP side: the server of the web processes."""
