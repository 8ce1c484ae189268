"""Sensors: one file a device or feed."""
