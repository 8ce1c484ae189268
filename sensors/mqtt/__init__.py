"""Sensors of a real robot, whose readings come over MQTT."""
