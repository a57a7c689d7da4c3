"""Where each public corpus comes from, and how it gets into `data/`: whole or not at all."""

import hashlib
import json
import shutil
import tarfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from pipelines.atomic import write_json
from pipelines.data.empatheticdialogues_files import ARCHIVE_URL
from pipelines.data.epitome import FILES as EPITOME_FILES
from pipelines.errors import UserError
from pipelines.progress import progress_bar

RECORD = "SOURCE.json"  # in a corpus's folder: what was fetched from where
TRIES, WAIT = 4, 2.0  # of a connection that breaks; seconds before the second, twice that before the third, ...
TIMEOUT = 30.0  # seconds without a byte
BLOCK = 2**16
BUSY = (429, 500, 502, 503, 504)  # answers that may be another one in a moment
GITHUB = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class RemoteFile:
    """A file of a corpus. sha256: as its publisher states it, None where none is published. unpack: members to take."""

    url: str
    name: str
    sha256: str | None = None
    unpack: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A corpus. what: for the list; licence: its terms, and where they stand; files: empty where `by_hand` says how."""

    name: str
    what: str
    licence: str
    files: tuple[RemoteFile, ...] = ()
    by_hand: str = ""


def _at(repository: str, commit: str, *paths: str) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(f"{GITHUB}/{repository}/{commit}/{path}", path.rsplit("/", 1)[-1]) for path in paths)


SOURCES = {
    source.name: source
    for source in (
        Source(
            "empatheticdialogues",
            "about 25,000 dialogues, 32 emotions (28 MB)",
            "CC BY-NC 4.0, no commercial use: https://github.com/facebookresearch/EmpatheticDialogues",
            (
                RemoteFile(
                    ARCHIVE_URL,
                    "empatheticdialogues.tar.gz",
                    "56f234d77b7dd1f005fd365bb17769cfe346c3c84295b69bc069c8ccb83be03d",
                    ("train.csv", "valid.csv", "test.csv"),
                ),
            ),
        ),
        Source(
            "goemotions",
            "54,263 comments, 28 labels (4 MB)",
            "Apache-2.0: https://github.com/google-research/google-research/tree/master/goemotions",
            (
                *_at(
                    "google-research/google-research",
                    "2adf640a14f11025ae5a9d0ec493b78530d276d3",
                    "goemotions/data/train.tsv",
                    "goemotions/data/dev.tsv",
                ),
                *_at(
                    "google-research/google-research",
                    "b91598b43297db06cca27a29fe2d0442dffea029",
                    "goemotions/data/test.tsv",
                ),
                *_at(
                    "google-research/google-research",
                    "018cbe7892d848bc871d482fd2868089037e375f",
                    "goemotions/data/emotions.txt",
                ),
            ),
        ),
        Source(
            "epitome",
            "3,084 pairs of posts, levels of three mechanisms (5 MB)",
            "academic use only: https://github.com/behavioral-data/Empathy-Mental-Health",
            _at(
                "behavioral-data/Empathy-Mental-Health",
                "741a8df4d3bc5301f0426e0c72e1d8e354c42fd3",
                *(f"dataset/{file}" for file in EPITOME_FILES.values()),
            ),
        ),
        Source(
            "iempathize",
            "5,007 sentences: none, seeking, providing empathy (1 MB)",
            "none stated: https://github.com/Mahhos/Empathy",
            _at("Mahhos/Empathy", "4dcbe8fa160a62f9d5adf7736d142f5558fe42a5", "data/dataset.csv"),
        ),
        Source(
            "empathetic_intents",
            "5,490 listeners' texts, eight intents and neutral",
            "none stated: https://github.com/anuradha1992/EmpatheticIntents",
            by_hand="train.txt, lines of '<id> <SEP> <text>', as that repository's programs write it",
        ),
        Source(
            "human_ratings",
            "ratings of dialogues (1 to 5) and of responses (1 to 3)",
            "CC BY-NC 4.0 (EmpatheticExchanges); Welivita and Pu 2024 for the responses",
            by_hand="dialogues_1to5.csv (conv_id, rating, batch, split) of EmpatheticExchanges, and dev.csv of "
            "Welivita and Pu 2024",
        ),
        Source(
            "probe",
            "everyday and technical exchanges that call for no empathy",
            "CC BY-NC-SA 4.0: http://yanran.li/dailydialog; CC BY 4.0: "
            "https://github.com/rkadlec/ubuntu-ranking-dataset-creator",
            by_hand="dailydialog_dev.csv and ubuntu_dev.csv, each with the columns context and response",
        ),
    )
}


def fetch(source: Source, data: Path) -> Path:
    """Put a corpus into its folder under `data`, and return that folder. What is there already stays.

    Raises UserError where it cannot be fetched by a program, the network fails, or a file is not the published one;
    what was received by then is kept beside the folder, and the same call goes on with it.
    """
    folder, partial = data / source.name, data / f".{source.name}.partial"
    if folder.exists():
        return folder
    if not source.files:
        raise UserError(
            f"{folder}: expected to be filled by hand, since {source.name} has no public file of its own: put there "
            f"{source.by_hand}; its terms: {source.licence}"
        )
    partial.mkdir(parents=True, exist_ok=True)
    record = {"name": source.name, "licence": source.licence, "fetched": datetime.now(UTC).isoformat("T", "seconds")}
    files = []
    for file in source.files:
        received = download(file, partial)
        files.append(
            {"file": file.name, "url": file.url, "sha256": sha256_of(received), "bytes": received.stat().st_size}
        )
        if file.unpack:
            _unpack(received, file.unpack, partial)
            received.unlink()
    write_json(partial / RECORD, record | {"files": files})
    partial.rename(folder)
    return folder


def download(file: RemoteFile, folder: Path) -> Path:
    """Receive a file whole. Raises UserError where that fails; what was received then stays, for the next call."""
    target, part, tag = folder / file.name, folder / f"{file.name}.part", folder / f"{file.name}.etag"
    if target.exists():
        return target
    wait = WAIT
    for left in reversed(range(TRIES)):
        try:
            _receive(file.url, part, tag)
            break
        except requests.HTTPError as error:
            raise UserError(
                f"{file.url}: expected the file, got {error}; see where it is now, and put it there"
            ) from error
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if not left:
                raise UserError(
                    f"{file.url}: expected a connection, got {_in_short(error)}; the same command goes on from "
                    f"{part.stat().st_size if part.exists() else 0:,} bytes"
                ) from error
            time.sleep(wait)
            wait *= 2
        except OSError as error:
            raise UserError(f"{part}: expected a place to write to: {error.strerror or error}") from error
    tag.unlink(missing_ok=True)
    if file.sha256 is not None and (found := sha256_of(part)) != file.sha256:
        part.unlink()
        raise UserError(
            f"{file.url}: expected sha256 {file.sha256}, got {found}; the file was changed or broken on the way "
            "and is not kept"
        )
    part.rename(target)
    return target


def _receive(url: str, part: Path, tag: Path) -> None:
    """Append what is missing of a file; begin anew where the server has another one by now, or sends it whole."""
    there = part.stat().st_size if part.exists() and tag.exists() else 0
    headers = {"Range": f"bytes={there}-", "If-Range": tag.read_text(encoding="utf-8")} if there else {}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:  # it was whole
            return
        if answer.status_code in BUSY:
            raise requests.ConnectionError(f"the server answers {answer.status_code} {answer.reason}")
        answer.raise_for_status()
        goes_on = answer.status_code == requests.codes.partial_content
        start = there if goes_on else 0
        length = int(answer.headers["Content-Length"]) if answer.headers.get("Content-Length", "").isdigit() else None
        if answer.headers.get("ETag") and not answer.headers["ETag"].startswith("W/"):
            tag.write_text(answer.headers["ETag"], encoding="utf-8")
        total = None if length is None or answer.headers.get("Content-Encoding") else start + length
        with (
            part.open("ab" if goes_on else "wb") as handle,
            progress_bar(total=total, initial=start, unit="B", unit_scale=True, desc=part.stem) as bar,
        ):
            for block in answer.iter_content(BLOCK):
                handle.write(block)
                bar.update(len(block))
    if total is not None and part.stat().st_size < total:
        raise requests.ConnectionError(f"the connection ended after {part.stat().st_size:,} of {total:,} bytes")


def _unpack(archive: Path, names: tuple[str, ...], folder: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            members = {Path(member.name).name: member for member in tar.getmembers() if member.isfile()}
            for name in names:
                inside = tar.extractfile(members[name])
                assert inside is not None  # a file, as was asked above
                with inside, (folder / name).open("wb") as handle:
                    shutil.copyfileobj(inside, handle)
    except (tarfile.TarError, EOFError, KeyError, OSError) as error:
        raise UserError(
            f"{archive}: expected an archive with {', '.join(names)}, it cannot be read: {error}"
        ) from error


def sha256_of(path: Path) -> str:
    """Of a file, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def state(source: Source, data: Path) -> str:
    """Whether a corpus is there, in a word or two."""
    folder = data / source.name
    if (folder / RECORD).is_file():
        return "fetched " + json.loads((folder / RECORD).read_text(encoding="utf-8"))["fetched"][:10]
    return "there" if folder.exists() else "by hand" if source.by_hand else "not yet"


def _in_short(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return str(cause) or type(cause).__name__
