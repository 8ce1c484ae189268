"""The package gammatone in the comparison: filters alone; it has no neurons."""

from gammatone.filters import centre_freqs, erb_filterbank, make_erb_filters
from hearing_sound import CHANNELS, LOW_HZ, RATE_HZ, sound, timed


def main():
    """Time its filter bank."""
    samples = sound()
    coefficients = make_erb_filters(RATE_HZ, centre_freqs(RATE_HZ, CHANNELS, LOW_HZ))

    def process():
        erb_filterbank(samples, coefficients)
        return 0

    timed("gammatone: filters", process)


if __name__ == "__main__":
    main()
