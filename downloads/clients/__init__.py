"""What clients are called, and how they are forgotten."""
