"""The live tick, and what runs beside it."""
