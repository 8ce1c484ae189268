"""``neuroloop bench firmware``: from a command through a broker to the firmware and back."""
