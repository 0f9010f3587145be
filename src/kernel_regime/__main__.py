"""`python -m kernel_regime`: the commands of an installed package; without a name, `run`."""

import sys
from collections.abc import Sequence

from kernel_regime.core.extras import MissingExtraError, from_extra


def main(arguments: Sequence[str] | None = None, **options: object) -> object:
    """Run pipelines, or the command that the first argument names.

    The folder it is called from holds `conf/`, unless `--conf-source` says where that lies, and
    gets `data/`.

    Parameters
    ----------
    arguments : sequence of str
        The command line, such as `["--env", "mnist"]` or `["plan", "--env", "mnist"]`; that of
        the process if left out.
    **options
        Of click: `standalone_mode=False` returns and raises, where the command line would exit.
    """
    try:
        with from_extra("kedro"):
            from kedro.framework.project import configure_project
    except MissingExtraError as error:
        sys.exit(f"Error: {error}")
    configure_project("kernel_regime")
    from kernel_regime.cli import cli

    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in (*cli.commands, "--help"):
        given = ["run", *given]
    return cli(given, **options)


if __name__ == "__main__":
    main()
