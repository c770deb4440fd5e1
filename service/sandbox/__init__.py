"""A stand-in Webflow: Data API v1 and v2 on one store, in memory, with faults on request."""
