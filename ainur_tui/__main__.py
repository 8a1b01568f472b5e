"""``python -m ainur_tui``."""

from ainur_tui.cli.main import run

if __name__ == "__main__":
    run()
