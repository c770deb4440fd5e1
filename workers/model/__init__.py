"""Values shared by the layers above, without I/O."""
