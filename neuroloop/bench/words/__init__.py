"""How well a network knows spoken words, in the loop that users run."""
