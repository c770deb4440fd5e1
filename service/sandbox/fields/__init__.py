"""What each type of field accepts and returns."""
