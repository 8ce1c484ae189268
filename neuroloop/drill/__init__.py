"""Fault drills: things are made to go wrong in a robot that really runs, and it is measured."""
