"""Settings with which the neuron ``xylo.hidden`` fires now and then under small weights."""


def settings(folder):
    del folder
    return {"threshold": 4, "dash_mem": 3, "dash_syn": 1, "dash_syn2": 2}
