"""What the settings of the encoder ``interaural`` cannot do without: bands that any rate has."""


def settings(folder):
    del folder
    return {"low_hz": 100.0, "high_hz": 1000.0, "level_units": 5}
