"""The CMS over HTTP, and what stands in its requests and answers."""
