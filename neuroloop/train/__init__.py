"""Training: makes weights for the networks of the run files, from nothing."""
