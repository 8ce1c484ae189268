"""Parts of a run file that fail when they are told to."""
