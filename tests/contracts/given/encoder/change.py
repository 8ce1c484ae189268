"""Settings of the encoder ``change`` that turn on all that it can do; it needs none."""


def settings(folder):
    del folder
    return {
        "preset": "noisy",
        "refractory_us": 700,
        "hot_pixels": 0.05,
        "most": 5,
        "most_events": 60,
        "region": [1, 0, 6, 6],
        "pool": 2,
        "max_rate_hz": 2000.0,
    }
