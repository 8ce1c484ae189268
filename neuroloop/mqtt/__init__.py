"""The brain's side of `core.robot_protocol`: a connection to a broker, and what goes over it."""
