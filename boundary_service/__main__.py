"""The console command `boundary-service`: the client's commands, `new`, `train`, `study`, `serve` and `site`."""

import io
import sys

NAME = "boundary-service"
EXTRAS = {"train": "training", "new": "training", "study": "training", "serve": "service", "site": "service"}
"""The extra that a command needs; all others are the client's."""


def main() -> None:
    """Run the command that the first argument names."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what a terminal's encoding lacks becomes a question mark
    extra = EXTRAS.get("".join(sys.argv[1:2]), "client")
    try:
        _run(extra)
    except ModuleNotFoundError as error:
        sys.exit(f"there is no {error.name} here; this command needs: pip install '{NAME}[{extra}]'")


def _run(extra: str) -> None:
    """Import what runs the command: only one part's packages may be here."""
    if extra == "training":
        from training.cli import main as train  # noqa: PLC0415

        train(prog_name=NAME)
    elif sys.argv[1:2] == ["site"]:
        from service.site.__main__ import main as save  # noqa: PLC0415

        save(sys.argv[2:])
    elif extra == "service":
        from service.__main__ import main as serve  # noqa: PLC0415

        serve(sys.argv[2:])
    else:
        from client.cli import main as ask  # noqa: PLC0415

        ask.epilog = "Where the models are: train writes them and serve serves them; each has its own --help."
        ask(prog_name=NAME)


if __name__ == "__main__":
    main()
