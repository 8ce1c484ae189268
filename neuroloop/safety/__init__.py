"""What decides whether anything may move: rows of every program that has an actuator."""
