"""The command line of neuroloop."""
