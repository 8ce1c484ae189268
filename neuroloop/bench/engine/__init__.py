"""What this machine carries, measured through the simulator that a user calls."""
