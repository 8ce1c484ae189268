"""Parts that the checks of whole-number kinds put beside the one that is checked."""
