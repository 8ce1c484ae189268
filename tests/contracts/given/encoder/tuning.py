"""What the settings of the encoder ``tuning`` cannot do without."""


def settings(folder):
    del folder
    return {"channel": "b", "units": 9, "width": 0.3}
