"""What the settings of the encoder ``phase`` cannot do without."""


def settings(folder):
    del folder
    return {"low": [-2.0], "high": [2.0]}
