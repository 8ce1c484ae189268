"""A spiking network learns to find its way to a goal by imitating an expert of our own."""
