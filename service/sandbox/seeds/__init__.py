"""What a site starts with."""
