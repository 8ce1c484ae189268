"""What the settings of the encoder ``rate`` cannot do without."""


def settings(folder):
    del folder
    return {"scale": [1.0, 2.0, 0.5]}
