"""The command line: one file a verb; a file added to this folder is a verb."""

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence

import typer

from neuroloop import cli
from neuroloop.core.errors import Exit, NeuroloopError

app = typer.Typer(
    name="neuroloop",
    help="Closed-loop robots on spiking neural networks: sensors to spikes to motion.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog="Start with `neuroloop run navigate --plot out/path.png`.",
)


def _add_verbs() -> None:
    for found in pkgutil.iter_modules(cli.__path__):
        module = importlib.import_module(f"{cli.__name__}.{found.name}")
        if hasattr(module, "command"):
            app.command(found.name.removesuffix("_"))(module.command)
        elif hasattr(module, "verbs"):
            app.add_typer(module.verbs, name=found.name.removesuffix("_"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what a user can mend is shown in words, without a traceback."""
    if not app.registered_commands:
        _add_verbs()
    try:
        app(None if arguments is None else list(arguments))
    except NeuroloopError as error:
        print(f"neuroloop: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if os.environ.get("NEUROLOOP_TRACEBACK"):
            raise
        print(  # noqa: T201
            f"neuroloop: a fault of its own: {type(error).__name__}: {error} "
            "(NEUROLOOP_TRACEBACK=1 shows where)",
            file=sys.stderr,
        )
        sys.exit(Exit.FAULT)


if __name__ == "__main__":
    main()
