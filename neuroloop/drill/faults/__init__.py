"""The drills: a file a topic, each with a list called ``DRILLS``."""
