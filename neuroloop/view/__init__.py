"""What a sensor and its spikes look like now: in the terminal, or as a picture."""
