"""Fault drills: what goes wrong is made to go wrong in a robot that really runs, and is measured."""
