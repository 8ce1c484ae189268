"""Settings with which the neuron ``loihi1.nengo`` fires now and then under small weights."""


def settings(folder):
    del folder
    return {"du": 2000, "dv": 500, "vth": 4, "refractory": 3}
