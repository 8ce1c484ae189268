"""The drills' robot on a board: firmware, a broker with rights and keys, and who looks on."""
