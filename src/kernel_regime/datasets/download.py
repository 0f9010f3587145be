"""Official files of the raw data, fetched once and checked against pinned checksums."""

import gzip
import hashlib
import logging
import shutil
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch
import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from kernel_regime.core.errors import InputError, UnreachableError
from kernel_regime.core.files import replacing

logger = logging.getLogger(__name__)
_BYTES_AT_ONCE = 1 << 16
_TIMEOUT = 30
_RETRIES = 2


@dataclass(frozen=True)
class Source:
    """Files of one data set.

    Parameters
    ----------
    url : str
        Where all of them lie, with a slash at the end.
    checksums : dict of str to str
        SHA-256 of every file by name.
    unpacked : str or None
        Name of the folder inside the archive, where the single file is one.
    installed : Path or None
        Where a system package puts the same files, compressed anew.
    contents : dict of str to str
        SHA-256 of what is compressed in them.
    """

    url: str
    checksums: dict[str, str]
    unpacked: str | None = None
    installed: Path | None = None
    contents: dict[str, str] = field(default_factory=dict)


SOURCES = {
    "fashion-mnist": Source(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        {
            "train-images-idx3-ubyte.gz": (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels-idx1-ubyte.gz": (
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        },
        installed=Path("/usr/share/datasets/fashion-mnist"),
        contents={
            "train-images-idx3-ubyte.gz": (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
            ),
            "train-labels-idx1-ubyte.gz": (
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
            ),
        },
    ),
    "mnist": Source(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        {
            "train-images-idx3-ubyte.gz": (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
    ),
    "cifar-10": Source(
        "https://www.cs.toronto.edu/~kriz/",
        {
            "cifar-10-python.tar.gz": (
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
            )
        },
        unpacked="cifar-10-batches-py",
    ),
}


def download(source: Source, folder: Path) -> list[Path]:
    """Fetch what is missing into the folder that a catalog reads.

    What was fetched before is kept when its checksum fits; a transfer that broke off goes on
    where it stopped. Files that a system package has installed (Debian: `dataset-fashion-mnist`)
    are copied.

    Parameters
    ----------
    source : Source
        One of `SOURCES`.
    folder : Path
        Such as `data/01_raw/fashion-mnist`; for an archive, the folder it unpacks to.

    Returns
    -------
    list of Path
        The files, or the one folder of an archive.

    Raises
    ------
    InputError
        If a file that came, or one that already lies there, is not the official one.
    UnreachableError
        If the server cannot be reached, or breaks off again and again.
    """
    if source.unpacked is None:
        return [_fetch(source, name, folder) for name in source.checksums]
    if not folder.exists():
        (name,) = source.checksums
        _unpack(_fetch(source, name, folder.parent), source.unpacked, folder)
    return [folder]


def _fetch(source: Source, name: str, folder: Path) -> Path:
    """One file, checked."""
    checksum, path = source.checksums[name], folder / name
    if path.exists():
        if pooch.file_hash(str(path)) != checksum and not _has_content(path, source):
            raise InputError(
                f"{path} is there already but is not the official file; move it away to download"
            )
        logger.info("%s is there already", path)
        return path
    if source.installed is not None and _has_content(source.installed / name, source):
        with replacing(path) as draft:
            shutil.copyfile(source.installed / name, draft)
        logger.info("%s is copied from %s", path, source.installed)
        return path
    unfinished = path.with_name(f"{name}.part")
    files = pooch.create(folder, source.url, registry={name: checksum}, retry_if_failed=_RETRIES)
    try:
        return Path(files.fetch(name, downloader=_resuming(unfinished)))
    except requests.RequestException as error:
        raise UnreachableError(
            f"{source.url}{name} could not be fetched ({error}); run the same command again to "
            "go on"
        ) from error
    except ValueError as error:
        raise InputError(
            f"{source.url}{name} is not the official file: its SHA-256 is not {checksum}; "
            "nothing was kept"
        ) from error


def _has_content(path: Path, source: Source) -> bool:
    """Whether what is compressed in a file is what the official file compresses."""
    if path.name not in source.contents or not path.is_file():
        return False
    try:
        with gzip.open(path) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, EOFError, zlib.error):
        return False
    return found == source.contents[path.name]


def _resuming(unfinished: Path) -> Callable[[str, str, object], None]:
    """Downloader for pooch that keeps what came and asks for the rest."""

    def fetch(url: str, target: str, _: object) -> None:
        have = unfinished.stat().st_size if unfinished.exists() else 0
        wanted = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"}
        with requests.get(url, headers=wanted, stream=True, timeout=_TIMEOUT) as answer:
            if answer.status_code != requests.codes.requested_range_not_satisfiable:
                answer.raise_for_status()
                resumed = answer.status_code == requests.codes.partial_content
                with unfinished.open("ab" if resumed else "wb") as file, _progress() as bar:
                    task = bar.add_task(unfinished.stem, total=_length(answer))
                    for part in answer.iter_content(_BYTES_AT_ONCE):
                        file.write(part)
                        bar.advance(task, len(part))
        unfinished.replace(target)

    return fetch


def _length(answer: requests.Response) -> int | None:
    """Bytes still to come, where the server says so."""
    return int(answer.headers.get("Content-Length", 0)) or None


def _progress() -> Progress:
    """A bar in bytes; nothing where standard error is no terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _unpack(archive: Path, inside: str, folder: Path) -> None:
    """Unpack next to the folder, then rename: there is a whole folder or none."""
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        with tarfile.open(archive) as tar:
            tar.extractall(temporary, filter="data")
        (Path(temporary) / inside).rename(folder)
    logger.info("unpacked %s", folder)
