"""The loop, the compiled tick, and what puts them together and drives them."""
