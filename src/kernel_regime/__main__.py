"""`python -m kernel_regime` runs pipelines as `kedro run` does, from an installed package too."""

from typing import Any

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main(*args: Any, **options: Any) -> Any:
    """Run pipelines; the folder it is called from holds `conf/` and gets `data/`.

    Parameters
    ----------
    *args
        The command line as a list, such as `["--env", "mnist"]`; that of the process if left out.
    **options
        Of click: `standalone_mode=False` returns and raises, where the command line would exit.
    """
    configure_project("kernel_regime")
    return find_run_command("kernel_regime")(*args, **options)


if __name__ == "__main__":
    main()
