"""``neuroloop bench loop``: how punctual the live loop is, beside loops in plain Python."""
