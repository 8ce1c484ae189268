"""An ESP32 with a DRV8833, two wheels with encoders, Sharp range finders, a button and two LEDs."""

import network
from machine import ADC, PWM, WDT, Encoder, Pin


class Board:
    """The six functions that `robot.py` needs; ``pins`` of the configuration says what is where."""

    def __init__(self, config: dict) -> None:
        pins, self._reset_ms, self._dog = config["pins"], config["reset_ms"], None
        # first of all: left forward, left backward, right forward, right backward
        self._bridge = [PWM(Pin(pin), freq=20000, duty_u16=0) for pin in pins["motors"]]
        self._power_led = Pin(pins["power_led"], Pin.OUT, value=0)
        self._network_led = Pin(pins["network_led"], Pin.OUT, value=0)
        self._button = Pin(pins["button"], Pin.IN, Pin.PULL_UP)
        self._encoders = [
            Encoder(number, Pin(a, Pin.IN, Pin.PULL_UP), Pin(b, Pin.IN, Pin.PULL_UP), phases=4)
            for number, (a, b) in enumerate(pins["encoders"])
        ]
        self._eyes = [ADC(Pin(pin), atten=ADC.ATTN_11DB) for pin in pins["ranges"]]
        self._wifi = network.WLAN(network.STA_IF)
        self._wifi.active(True)
        self._wifi.config(pm=network.WLAN.PM_NONE)  # no naps: they delay messages by 100 ms
        self._wifi.connect(config["wifi"]["name"], config["wifi"]["password"])

    def motors(self, left: float, right: float) -> None:
        """Set the duty of both motors, -1 ... 1; zero lets them roll out."""
        for side, duty in enumerate((left, right)):
            self._bridge[2 * side].duty_u16(int(65535 * max(duty, 0.0)))
            self._bridge[2 * side + 1].duty_u16(int(65535 * max(-duty, 0.0)))
        self._power_led.value(left != 0.0 or right != 0.0)

    def encoders(self) -> tuple:
        """Return the counts of the left and of the right encoder since boot."""
        return self._encoders[0].value(), self._encoders[1].value()

    def range_m(self) -> list:
        """Return what the range finders see, metres, left to right; GP2Y0A21: 0.1 to 0.8 m."""
        volts = [eye.read_uv() * 1e-6 for eye in self._eyes]
        return [0.279 * v**-1.15 if v > 0.4 else float("inf") for v in volts]

    def emergency(self) -> bool:
        """Whether the button is pressed, or its wire is broken: it opens the way to ground."""
        return self._button.value() == 1

    def feed(self) -> None:
        """Tell the watchdog that the loop goes round; the first call starts it."""
        self._dog = self._dog or WDT(timeout=self._reset_ms)
        self._dog.feed()

    def online(self) -> bool:
        """Whether there is a network; a lost one is looked for by the radio itself."""
        connected = self._wifi.isconnected()
        self._network_led.value(connected)
        return connected
