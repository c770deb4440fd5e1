"""The CMS over HTTP: requests, payloads and answers."""
