"""What a chip changes: one network in floating point and in a chip's arithmetic, side by side."""
