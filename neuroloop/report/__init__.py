"""What a run tells afterwards: figures, a text, JSON and a picture."""
