"""Fetches a project's source archive: fetch_sdist.py NAME VERSION SHA256 FOLDER.

`pip download --no-binary` would also build the archive's metadata, which takes a compiler and minutes. This asks pip's own
finder where the archive lies, so that the user's pip settings (index, mirror, proxy, certificates) hold here too.
"""

import hashlib
import os
import sys

from pip._internal.commands import create_command


def fetch(name, version, sha256, folder):
    command = create_command("download")
    with command.main_context():
        options, _ = command.parse_args(["--no-deps", "--no-binary", name, f"{name}=={version}"])
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        links = [c.link for c in finder.find_all_candidates(name) if str(c.version) == version]
        if not links:
            raise SystemExit(f"fetch {name}: pip finds no source archive of version {version}; look at `pip config list`")
        link = links[-1]
        answer = session.get(link.url_without_fragment)
        answer.raise_for_status()
        found = hashlib.sha256(answer.content).hexdigest()
        if found != sha256:
            raise SystemExit(f"fetch {name}: {link.filename} has SHA-256 {found}, expected {sha256}")
        path = os.path.join(folder, link.filename)
        with open(path, "wb") as out:
            out.write(answer.content)
        print(path)


if __name__ == "__main__":
    fetch(*sys.argv[1:5])
