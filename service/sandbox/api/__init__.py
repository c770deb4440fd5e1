"""The Data API of the CMS, both versions."""
