"""``neuroloop bench words``: how well the networks that ship know words of speakers held out."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuroloop.core.errors import ConfigError

if TYPE_CHECKING:
    from neuroloop.bench.words.score import Score


def words(
    recordings: Annotated[
        Path | None,
        typer.Argument(help="Folder or zip of DIGIT_SPEAKER_NUMBER.wav, else in NEUROLOOP_DATA."),
    ] = None,
    commands: Annotated[
        bool, typer.Option(help="The commands instead, said by voices of espeak-ng.")
    ] = False,
    every: Annotated[int, typer.Option(min=1, help="Use each so manyeth recording.")] = 1,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw what was taken for what.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Play words of speakers on which a network was not trained to it, in the loop itself.

    For each speaker of the digits there is a network that has never heard them. For example
    `neuroloop bench words recordings.zip --plot out/words.png`, or
    `neuroloop bench words --commands`.
    """
    from neuroloop.bench.words import drawing, exams
    from neuroloop.report import output, picture

    if plot is not None:
        picture.check_installed()
        output.check_writable(plot)
    if commands:
        scores = {"commands": exams.commands()}
    else:
        scores = exams.digits(recordings or _shared(), every)
    if plot is not None:
        drawing.draw(list(scores.values()), plot)
    if as_json:
        rows = {name: _json(score) for name, score in scores.items()}
        typer.echo(json.dumps({"exams": rows, "accuracy": exams.mean(scores)}))
        return
    for name, score in scores.items():
        typer.echo(f"{name:12} {_text(score)}")
    typer.echo(f"{'mean':12} {100 * exams.mean(scores):.1f} %")


def _shared() -> Path:
    folder = os.environ.get("NEUROLOOP_DATA")
    if folder is None:
        raise ConfigError(
            "which recordings? give a folder or zip of DIGIT_SPEAKER_NUMBER.wav (the Free Spoken"
            " Digit Dataset), or set NEUROLOOP_DATA to the folder of spoken_digits/recordings.zip"
        )
    return Path(folder) / "spoken_digits" / "recordings.zip"


def _text(score: "Score") -> str:
    right = score.right
    return f"{100 * right.mean():5.1f} %   {right.sum()} of {len(right)} right"


def _json(score: "Score") -> dict[str, object]:
    return {
        "recordings": len(score.said),
        "accuracy": float(score.right.mean()),
        "words": score.words,
        "confusion": score.confusion.tolist(),
    }
