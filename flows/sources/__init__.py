"""Profiles of sources, one TOML file each, and where a user's own are looked for."""

from __future__ import annotations

import os
from pathlib import Path

from storage.errors import UsageError
from tasks.fetch.profile import Profile, read_profile

FOLDER = Path(__file__).parent


def load(name: str) -> Profile:
    """The profile of a source.

    Args:
        name: a slug, looked for in `$STENOLAKE_SOURCES` and then here; or the path of a TOML file.

    Raises:
        UsageError: there is no such file, or what is in it is no profile.
    """
    path = _find(name)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", "check the file") from None
    profile = read_profile(text, str(path))
    if not name.endswith(".toml") and profile.slug != name:
        raise UsageError(f"{path}: slug: is {profile.slug}, and the file is named {name}", "make both the same")
    return profile


def _find(name: str) -> Path:
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise UsageError(f"no such profile: {name}", "check the path")
        return path
    folders = _folders()
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.parent == folder and path.is_file():
            return path
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    raise UsageError(
        f"no such source: {name}",
        f"choose one of: {', '.join(known)}; or give the path of a profile, or its folder in STENOLAKE_SOURCES",
    )


def _folders() -> list[Path]:
    own = os.environ.get("STENOLAKE_SOURCES")
    return [*([Path(own)] if own else []), FOLDER]
