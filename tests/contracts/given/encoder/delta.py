"""What the settings of the encoder ``delta`` cannot do without."""


def settings(folder):
    del folder
    return {"step": [0.1], "low": [-2.0], "high": [2.0]}
