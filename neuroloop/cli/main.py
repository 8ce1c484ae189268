"""The command line: one file a verb; a file added to this folder is a verb."""

import importlib
import logging
import pkgutil
import sys
from typing import Annotated

import typer

from neuroloop import cli
from neuroloop.core.errors import Exit, NeuroloopError

app = typer.Typer(
    name="neuroloop",
    help="Closed-loop robots on spiking neural networks: sensors to spikes to motion.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog="Start with `neuroloop run navigate --plot path.png`.",
)


@app.callback()
def _options(
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more.")] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only errors.")] = False,
) -> None:
    level = (
        logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    )
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")


def _add_verbs() -> None:
    for found in pkgutil.iter_modules(cli.__path__):
        module = importlib.import_module(f"{cli.__name__}.{found.name}")
        if hasattr(module, "command"):
            app.command(found.name.removesuffix("_"))(module.command)
        elif hasattr(module, "verbs"):
            app.add_typer(module.verbs, name=found.name.removesuffix("_"))


def main() -> None:
    """Run the command line; what a user can mend is shown in words, without a traceback."""
    _add_verbs()
    try:
        app()
    except NeuroloopError as error:
        print(f"neuroloop: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    main()
