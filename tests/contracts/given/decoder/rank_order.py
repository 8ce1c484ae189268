"""What the settings of the decoder ``rank_order`` cannot do without."""


def settings(folder):
    del folder
    return {"low": [-1.0], "high": [1.0], "window_ticks": 2}
