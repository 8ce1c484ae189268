"""Start of the command line; Ctrl-C is answered from the first line on."""

import os
import signal

from neuroloop.core.errors import Exit

# While modules load nothing is open, and an interrupted import cannot be told from a broken one:
# leave at once.  A run takes the signal over before it opens anything (`runtime.session`).
signal.signal(signal.SIGINT, lambda *_: os._exit(Exit.INTERRUPTED))


def main() -> None:
    """Run the command line."""
    from neuroloop.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
