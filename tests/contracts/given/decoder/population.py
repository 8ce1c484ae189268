"""What the settings of the decoder ``population`` cannot do without."""


def settings(folder):
    del folder
    return {"window_ticks": 5}
