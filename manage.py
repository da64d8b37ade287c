#!/usr/bin/env python
"""Commands of MediaHub; without one, it lists them."""

import os
import sys

FAILED, INTERRUPTED, READER_WENT = 1, 130, 141


def main() -> None:
    """Run the command named on the command line; an end by Ctrl-C, or by a full disk, is a sentence."""
    _occupy_closed_streams()
    sys.unraisablehook = _obey_ctrl_c
    try:
        _execute()
    except KeyboardInterrupt:
        _end("Interrupted.", INTERRUPTED)
    except (SystemExit, OSError):
        # A fault of standard output is one in the flush as well; any other goes on its way.
        _flush()
        raise
    _flush()


def _execute() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediahub.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the settings are named

    from mediahub.environment import WrongSetting  # noqa: PLC0415 - as above

    try:
        execute_from_command_line(sys.argv)
    except WrongSetting as error:
        sys.exit(f"MediaHub cannot start: {error}")


def _obey_ctrl_c(unraisable: "sys.UnraisableHookArgs") -> None:
    """Also where it fell into a callback, out of which Python lets no exception."""
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    sys.stderr.write("Interrupted.\n")
    os._exit(INTERRUPTED)


def _occupy_closed_streams() -> None:
    """Where a shell closed one (`>&-`), no file or socket takes its number.

    Standard output is opened for reading only: whoever writes a result hears that it cannot be written.
    """
    if sys.stdout is None:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 1)
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _flush() -> None:
    """What Django or argparse wrote, before Python does it at its end, where nobody can name what goes wrong."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go()
        _end("The reader of the output went away.", READER_WENT)
    except OSError as error:
        _let_go()
        _end(f"The result could not be written: {(error.strerror or str(error)).lower()}.", FAILED)


def _let_go() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(sentence: str, code: int) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
