"""`python -m kernel_regime` runs the pipelines of the project it stands in."""

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project

if __name__ == "__main__":
    configure_project("kernel_regime")
    find_run_command("kernel_regime")()
