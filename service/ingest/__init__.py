"""What takes deliveries: the spool that keeps them while the store is away."""
