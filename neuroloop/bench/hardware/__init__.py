"""A brain and a twin of a robot, each in a process of its own, with a broker between them."""
