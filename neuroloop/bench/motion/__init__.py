"""How well a spiking network tells which way things move."""
