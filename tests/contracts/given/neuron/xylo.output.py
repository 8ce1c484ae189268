"""Settings with which the neuron ``xylo.output`` fires now and then under small weights."""


def settings(folder):
    del folder
    return {"threshold": 4, "dash_mem": 3, "dash_syn": 1}
