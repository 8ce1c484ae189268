"""From what was counted while a network ran to the energy a chip would have taken for it."""
