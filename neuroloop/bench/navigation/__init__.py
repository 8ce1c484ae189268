"""How well a network finds its way through the worlds of world files."""
