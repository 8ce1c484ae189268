"""Guards: what motion may reach the motors."""
