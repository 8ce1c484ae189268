"""How well a spiking network finds the edges of pictures, beside a classical detector."""
