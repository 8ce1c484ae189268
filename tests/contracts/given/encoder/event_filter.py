"""What the settings of the encoder ``event_filter`` cannot do without."""


def settings(folder):
    del folder
    return {"width": 8}
