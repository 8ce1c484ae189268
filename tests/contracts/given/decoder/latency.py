"""What the settings of the decoder ``latency`` cannot do without."""


def settings(folder):
    del folder
    return {"low": [-1.0], "high": [1.0], "window_ticks": 8}
