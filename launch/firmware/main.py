"""Starts the robot; MicroPython runs this file when the board is switched on."""

import json
import sys

from robot import Robot

if sys.platform == "esp32":
    from board_esp32 import Board
else:
    from board_unix import Board

with open(sys.argv[1] if len(sys.argv) > 1 else "config.json") as file:
    CONFIG = json.load(file)

BOARD = Board(CONFIG)
try:
    Robot(CONFIG, BOARD).forever()
finally:
    # what gets here is shown on the console; nobody feeds the board's watchdog, which restarts it
    BOARD.motors(0.0, 0.0)
