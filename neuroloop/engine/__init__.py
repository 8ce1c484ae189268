"""The engine: a network as memory and a table of compiled rows."""
