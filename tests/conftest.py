import os
import tempfile

import pytest

from neuroloop.cli.main import main

# what `neuroloop bench engine --keep` found on this machine must not choose the layouts of tests
_CACHE = tempfile.TemporaryDirectory(prefix="neuroloop-tests-")
os.environ["XDG_CACHE_HOME"] = _CACHE.name


@pytest.fixture
def command(capsys):
    """Call the command line in this process; returns exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call
