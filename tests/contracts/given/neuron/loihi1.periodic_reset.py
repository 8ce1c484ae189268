"""Settings with which ``loihi1.periodic_reset`` fires now and then under small weights."""


def settings(folder):
    del folder
    return {"du": 2000, "dv": 500, "vth": 4, "refractory": 2, "interval": 7, "offset": 9}
