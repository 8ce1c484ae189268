"""What the settings of the decoder ``phase`` cannot do without."""


def settings(folder):
    del folder
    return {"low": [-1.0], "high": [1.0]}
