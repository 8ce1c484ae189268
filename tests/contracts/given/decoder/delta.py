"""What the settings of the decoder ``delta`` cannot do without."""


def settings(folder):
    del folder
    return {"step": [0.1], "low": [-1.0], "high": [1.0]}
