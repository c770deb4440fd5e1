"""What each type of field takes and reads back."""
