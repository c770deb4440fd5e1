"""What the layers below share: values without I/O."""
