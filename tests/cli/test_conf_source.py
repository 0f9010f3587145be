"""Configuration from wherever Kedro can read it, for an installed package and for a script."""

import shutil
import tarfile
import zipfile

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from kedro.framework.session import KedroSession

from kernel_regime.__main__ import main

PREPARE = ("--env", "test", "--to-outputs", "train_labels")


def pack_tar(conf):
    with tarfile.open(conf.parent / "conf.tar.gz", "w:gz") as tar:
        tar.add(conf, "conf")
    return "conf.tar.gz"


def pack_zip(conf):
    with zipfile.ZipFile(conf.parent / "conf.zip", "w") as archive:
        for path in [conf, *sorted(conf.rglob("*"))]:
            archive.write(path, path.relative_to(conf.parent))
    return "conf.zip"


def move(conf):
    shutil.copytree(conf, conf.parent / "elsewhere" / "settings")
    return "elsewhere/settings"


def upload(conf):
    """Into a bucket of an object store that lives in this process."""
    fsspec.register_implementation("s3", MemoryFileSystem, clobber=True)
    store = MemoryFileSystem()
    for path in sorted(conf.rglob("*.yml")):
        store.pipe(f"/bucket/{path.relative_to(conf.parent).as_posix()}", path.read_bytes())
    return "s3://bucket/conf"


@pytest.fixture(params=[pack_tar, pack_zip, move, upload])
def conf_source(request, project):
    """Where the configuration lies, in a folder that holds nothing else."""
    source = request.param(project / "conf")
    shutil.rmtree(project / "conf")
    (project / "pyproject.toml").unlink()
    return source


def labels(project):
    return np.load(project / "data/03_primary/test/train_labels.npy")


def test_an_installed_package_runs(project, conf_source):
    given = [*PREPARE, "--conf-source", conf_source, "--params", "data.n_train=20"]
    main(given, standalone_mode=False)
    assert len(labels(project)) == 20


def test_unknown_parameters_are_refused(project, conf_source, capsys):
    with pytest.raises(SystemExit):
        main([*PREPARE, "--conf-source", conf_source, "--params", "dta.n_train=20"])
    assert "dta: unknown parameter; did you mean 'data'?" in capsys.readouterr().err


def test_official_files_are_fetched(project, conf_source, monkeypatch):
    fetched = []
    monkeypatch.setattr(
        "kernel_regime.datasets.download.download",
        lambda source, folder: fetched.append(folder) or [folder],
    )
    main(["download", "--env", "mnist", "--conf-source", conf_source], standalone_mode=False)
    assert fetched == [project / "data/01_raw/mnist"]


def test_a_script_runs_in_a_session(project, conf_source):
    with KedroSession.create(conf_source=conf_source, env="test") as session:
        session.run(to_outputs=["train_labels"])
    assert len(labels(project)) == 100


def test_a_script_elsewhere_writes_into_the_project_alone(project, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    with KedroSession.create(project, env="test") as session:
        session.run(to_outputs=["train_images", "train_labels"])
    assert len(labels(project)) == 100
    assert not list(elsewhere.iterdir())


def test_a_plan_reads_it_too(project, conf_source, capsys):
    with pytest.raises(SystemExit):
        main(["plan", "--env", "test", "--conf-source", conf_source, "--params", "data.n_train=0"])
    assert "data.n_train: 0 should be greater than 0" in capsys.readouterr().err
