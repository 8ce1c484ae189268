"""A live run that hears: whether it hears all of it, and how soon sound is spikes in a ring."""
