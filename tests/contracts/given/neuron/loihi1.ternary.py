"""Settings with which the neuron ``loihi1.ternary`` fires both ways under small weights."""


def settings(folder):
    del folder
    return {"du": 2000, "dv": 500, "vth_hi": 4, "vth_lo": -1}
