"""Commands as users give them: parameters, files of options, sub-folders."""

import numpy as np
import pytest

PREPARE = ("run", "--env", "test", "--to-outputs", "train_images")


def levels(project):
    return sorted(
        path.stem for path in (project / "data/03_primary/test/train_images").glob("level_*")
    )


@pytest.mark.parametrize(
    "given",
    [
        "noise.levels=[{value: 1}, {value: 2}, {value: 3}],data.n_train=40",
        "data.n_train=40 , noise.levels=[{value: 1},{value: 2},{value: 3}]",
    ],
)
def test_lists_can_be_given_as_parameters(command, project, given):
    result = command(*PREPARE, "--params", given)
    assert result.exit_code == 0, result.output
    assert len(levels(project)) == 3
    assert len(np.load(project / "data/03_primary/test/train_labels.npy")) == 40


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("data.n_train", "'data.n_train' is no key=value"),
        ("=5", "'=5' is no key=value"),
        ("noise.levels=[{value: 1}", "is no YAML"),
        ("data.n_train=???", "data.n_train has no value, ???"),
        ("data.seed=1,data.seed=2", "data.seed is given 2 times"),
    ],
)
def test_parameters_that_cannot_be_read_are_refused(command, given, message):
    result = command("run", "--env", "test", "--params", given)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--params", "nosie.seed=1"], "nosie: unknown parameter; did you mean 'noise'?"),
        (["--params", "data.n_train=100000"], "data.n_train: 100,000 samples are asked for"),
        (["--runner", "ParallelRunner"], "--runner ParallelRunner forks"),
        (
            ["--runner", "ThreadRuner"],
            "--runner: no runner 'ThreadRuner'; did you mean 'ThreadRunne",
        ),
        (
            ["--runner", "nope.Nope"],
            "--runner: no runner 'nope.Nope'; give one of SequentialRunner",
        ),
        (["--runner", "os.path.join"], "--runner: os.path.join is no runner; give one of"),
        (
            ["--runner-params", "foo=1"],
            "--runner-params: SequentialRunner takes no 'foo'; give one",
        ),
        (
            ["--runner", "ThreadRunner", "--runner-params", "max_workers=abc"],
            "--runner-params: max_workers=abc is nothing for ThreadRunner",
        ),
        (["--params", "data.n_train=true"], "data.n_train: True should be a valid integer"),
        (
            ["--runner", "ThreadRunner", "--runner-params", "max_worker=1"],
            "--runner-params: ThreadRunner takes no 'max_worker'; did you mean 'max_workers'?",
        ),
        (["--pipelines", "kernel_generatoin"], "did you mean 'kernel_generation'?"),
    ],
)
def test_bad_input_is_refused_in_one_line(command, arguments, message):
    result = command("run", "--env", "test", *arguments)
    assert result.exit_code != 0
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_file_gives_the_same_options_as_the_command_line(command, project):
    (project / "run.yml").write_text(
        "run: {env: test, to_outputs: train_labels, params: {data: {n_train: 30}}}\n"
    )
    result = command("run", "--config", "run.yml")
    assert result.exit_code == 0, result.output
    assert len(np.load(project / "data/03_primary/test/train_labels.npy")) == 30


def test_the_command_line_wins_over_a_file_and_keeps_its_other_parameters(command, project):
    (project / "run.yml").write_text(
        "run: {env: test, to_outputs: train_labels, params: {data: {n_train: 30, n_test: 20}}}\n"
    )
    result = command("run", "--config", "run.yml", "--params", "data.n_train=40")
    assert result.exit_code == 0, result.output
    for name, count in (("train", 40), ("test", 20)):
        labels = np.load(project / f"data/03_primary/test/{name}_labels.npy")
        assert len(labels) == count


def test_parameters_of_several_options_are_all_taken(command, project):
    result = command(*PREPARE, "--params", "data.n_train=30", "--params", "data.n_test=20")
    assert result.exit_code == 0, result.output
    for name, count in (("train", 30), ("test", 20)):
        assert len(np.load(project / f"data/03_primary/test/{name}_labels.npy")) == count


def test_a_plan_reads_the_files_of_runs(command, project):
    (project / "run.yml").write_text(
        "run: {env: test, pipelines: model_training, params: {data: {n_train: 0}}}\n"
    )
    result = command("plan", "--config", "run.yml")
    assert "data.n_train: 0 should be greater than 0" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs: {env: test}", "run.yml states no options; give them under `run:`"),
        ("run: 3", "run.yml states no options; give them under `run:`"),
        ("run: {evn: test}", "run.yml states run.evn, no option; did you mean 'env'?"),
        ("run: [", "run.yml is no YAML: while parsing"),
        ("run: {env: test, params: data}", "'data' is no key=value"),
    ],
)
@pytest.mark.parametrize("name", ["run", "plan"])
def test_a_file_that_states_no_run_is_refused(command, project, name, text, message):
    (project / "run.yml").write_text(text)
    result = command(name, "--config", "run.yml")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_download_finds_the_project_from_a_sub_folder(command, project, monkeypatch):
    fetched = []
    monkeypatch.setattr(
        "kernel_regime.datasets.download.download",
        lambda source, folder: fetched.append(folder) or [folder],
    )
    (project / "notebooks").mkdir()
    monkeypatch.chdir(project / "notebooks")
    result = command("download", "--env", "mnist")
    assert result.exit_code == 0, result.output
    assert fetched == [project / "data/01_raw/mnist"]


def test_experiments_without_files_say_which_have_some(command):
    result = command("download", "--env", "test")
    assert result.exit_code == 1
    assert "need no download" in result.stderr and "mnist" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "download: mnst",
            "globals.yml: download: 'mnst' is no data set to fetch; did you mean 'mn",
        ),
        ("download: [mnist]", "globals.yml: download: ['mnist'] is no data set to fetch"),
        ("download: 5", "globals.yml: download: 5 is no data set to fetch; give one of cifar-10"),
        ("download: mnist", "raw_data: None is no folder; give the one that the catalog reads"),
        ("{download: mnist, raw_data: 5}", "globals.yml: raw_data: 5 is no folder"),
    ],
)
def test_globals_that_name_no_files_are_refused(command, project, text, message):
    (project / "conf/own").mkdir()
    (project / "conf/own/globals.yml").write_text(text)
    result = command("download", "--env", "own")
    assert result.exit_code == 1
    assert message in result.stderr.splitlines()[-1]
