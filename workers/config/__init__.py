"""What an operator writes, read and checked."""
