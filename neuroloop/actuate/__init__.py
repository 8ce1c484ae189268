"""Actuators: where motion goes."""
