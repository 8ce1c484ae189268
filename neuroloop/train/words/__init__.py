"""A spiking network learns to know a few spoken words, from nothing but labelled recordings."""
