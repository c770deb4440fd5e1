"""``python -m service``: the command ``instep``, from a checkout that is not installed."""

from service.cli import main

if __name__ == "__main__":
    main(prog_name="instep")
