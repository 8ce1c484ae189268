"""A body file in a simulated world, behind the same MQTT messages as a board with motors."""
