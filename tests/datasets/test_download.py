"""Downloads against a server on the loopback interface that can misbehave."""

import gzip
import hashlib
import io
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kernel_regime.datasets import download as module
from kernel_regime.datasets.download import SOURCES, Source, download

CONTENT = bytes(range(256)) * 4000


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files`; breaks the first `server.breaks` answers off half way."""

    def do_GET(self):
        content = self.server.files.get(self.path.removeprefix("/"))
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.server.starts.append(start)
        if content is None:
            self.send_error(404)
            return
        if start > 0 and start >= len(content):
            self.send_error(416)
            return
        if not self.server.resumes:
            start = 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = len(content)
        if self.server.breaks:
            self.server.breaks -= 1
            stop = start + (stop - start) // 2
        self.wfile.write(content[start:stop])

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.starts, server.breaks, server.resumes = {}, [], 0, True
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def offer(server, content=CONTENT, checksum=None):
    server.files["images.gz"] = content
    return Source(server.url, {"images.gz": checksum or sha256(content)})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once(server, tmp_path):
    source = offer(server)
    for _ in range(2):
        assert download(source, tmp_path / "raw") == [tmp_path / "raw" / "images.gz"]
    assert (tmp_path / "raw" / "images.gz").read_bytes() == CONTENT
    assert names(tmp_path / "raw") == ["images.gz"]
    assert len(server.starts) == 1


def test_a_broken_off_transfer_goes_on_where_it_stopped(server, tmp_path):
    source = offer(server)
    server.breaks = 2
    download(source, tmp_path)
    assert (tmp_path / "images.gz").read_bytes() == CONTENT
    assert server.starts == sorted(set(server.starts))
    assert len(server.starts) == 3


def test_a_server_that_keeps_breaking_off_leaves_what_came_for_the_next_call(server, tmp_path):
    source = offer(server)
    server.breaks = 3
    with pytest.raises(OSError, match=r"images\.gz could not be fetched .* again to go on"):
        download(source, tmp_path)
    assert names(tmp_path) == ["images.gz.part"]
    download(source, tmp_path)
    assert names(tmp_path) == ["images.gz"]
    # All that came is used, up to the last whole block of the 64 KiB that are written at once.
    assert server.starts[-1] > len(CONTENT) * 5 // 8


def test_a_server_that_cannot_resume_starts_again(server, tmp_path):
    source = offer(server)
    server.breaks, server.resumes = 1, False
    download(source, tmp_path)
    assert (tmp_path / "images.gz").read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(server, tmp_path):
    source = offer(server, checksum=sha256(b"something else"))
    with pytest.raises(ValueError, match=r"images\.gz is not the official file: its SHA-256"):
        download(source, tmp_path)
    assert names(tmp_path) == []


def test_leftovers_of_another_file_do_not_survive_the_checksum(server, tmp_path):
    source = offer(server)
    (tmp_path / "images.gz.part").write_bytes(b"x" * 1000)
    download(source, tmp_path)
    assert (tmp_path / "images.gz").read_bytes() == CONTENT


def test_a_file_of_the_user_is_never_replaced(server, tmp_path):
    source = offer(server)
    (tmp_path / "images.gz").write_bytes(b"mine")
    with pytest.raises(ValueError, match="move it away"):
        download(source, tmp_path)
    assert (tmp_path / "images.gz").read_bytes() == b"mine"


def test_a_missing_file_names_its_address(server, tmp_path):
    source = Source(server.url, {"gone.gz": sha256(b"")})
    with pytest.raises(OSError, match=r"gone\.gz could not be fetched \(404"):
        download(source, tmp_path)


@pytest.mark.parametrize(("found", "fetched"), [(CONTENT, 0), (b"another version", 1)])
def test_files_of_a_system_package_are_copied_if_their_content_is_official(
    server, tmp_path, found, fetched
):
    official = gzip.compress(CONTENT, mtime=1)
    installed = tmp_path / "installed"
    installed.mkdir()
    (installed / "images.gz").write_bytes(gzip.compress(found, mtime=2))
    source = replace(
        offer(server, official), installed=installed, contents={"images.gz": sha256(CONTENT)}
    )
    for _ in range(2):  # a copy is recognised, though its own checksum is not the official one
        (path,) = download(source, tmp_path / "raw")
    assert gzip.decompress(path.read_bytes()) == CONTENT
    assert len(server.starts) == fetched


def archive(**members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_an_archive_is_unpacked_as_a_whole(server, tmp_path):
    content = archive(batches__one=b"1", batches__two=b"2")
    server.files["batches.tar.gz"] = content
    source = Source(server.url, {"batches.tar.gz": sha256(content)}, unpacked="batches")
    for _ in range(2):
        assert download(source, tmp_path / "batches") == [tmp_path / "batches"]
    assert names(tmp_path / "batches") == ["one", "two"]
    assert names(tmp_path) == ["batches", "batches.tar.gz"]
    assert len(server.starts) == 1


def test_an_archive_that_reaches_out_of_its_folder_is_refused(server, tmp_path):
    content = archive(**{"..__evil": b"1"})
    server.files["batches.tar.gz"] = content
    source = Source(server.url, {"batches.tar.gz": sha256(content)}, unpacked="batches")
    with pytest.raises(tarfile.OutsideDestinationError):
        download(source, tmp_path / "raw" / "batches")
    assert names(tmp_path / "raw") == ["batches.tar.gz"]
    assert not (tmp_path / "evil").exists()


def test_every_pinned_checksum_is_a_sha256():
    for source in SOURCES.values():
        assert source.url.startswith("https://") and source.url.endswith("/")
        assert all(len(bytes.fromhex(value)) == 32 for value in source.checksums.values())
        assert source.unpacked is None or len(source.checksums) == 1
    assert module._RETRIES >= 1
