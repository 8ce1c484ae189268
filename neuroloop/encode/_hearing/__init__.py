"""What the encoders of sound share: filters, cells, time, each in compiled loops of its own."""
