"""`python -m nasbench`, and where the command `nasbench` begins: Ctrl-C is quiet from the first moment on."""

import os
import signal
import sys

EXIT_INTERRUPTED = 130


def main() -> int:
    """Runs the command of this process."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored, as in `nohup`
        signal.signal(signal.SIGINT, _interrupted)  # before the imports, in which it would end with a traceback
    from nasbench.cli import main as command

    return command()


def _interrupted(*_: object) -> None:
    os.write(2, b"nasbench: interrupted\n")
    os._exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
