"""Debian packages of any architecture, through the mirror that this machine's own apt uses.

apt runs with a state of its own, so that neither this machine's sources nor its installed packages change.
"""

import os
import re
import subprocess
from pathlib import Path

from tests.board.needs import KEYRING, NeedError

SUITE = "trixie"
KERNEL_SUITE = f"{SUITE}-backports"
"""Has the first kernel of Debian's with gpio-sim, 7.2."""
_SETTINGS = """\
Dir "/";
Dir::State "{folder}";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}";
Dir::Cache::archives "{folder}/archives";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
"""


class Archive:
    """The packages of one architecture; what was fetched stays in `folder`."""

    def __init__(self, folder: Path, architecture: str) -> None:
        self._folder = folder
        self._architecture = architecture
        for name in ("lists/partial", "archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        # Nothing is installed: every dependency is fetched.
        (folder / "status").write_text("")
        (folder / "apt.conf").write_text(_SETTINGS.format(folder=folder, architecture=architecture))
        (folder / "sources.list").write_text(
            "".join(
                f"deb [arch={architecture} signed-by={KEYRING}] {mirror()} {suite} main\n"
                for suite in (SUITE, KERNEL_SUITE)
            )
        )

    def update(self) -> None:
        """Read the mirror's lists anew."""
        self._apt("apt-get", "update", "-qq")

    def fetch(self, *names: str) -> list[Path]:
        """The packages with everything that they depend on, apart from kernels."""
        self._apt("apt-get", "install", "--download-only", "-y", "-qq", *names)
        simulated = self._apt("apt-get", "install", "--simulate", "-qq", *names)
        wanted = re.findall(r"^Inst (\S+) \((\S+) ", simulated, re.MULTILINE)
        return [self._file(name.partition(":")[0], version) for name, version in wanted]

    def fetch_kernel(self) -> tuple[str, list[Path]]:
        """The release of the newest kernel, such as 7.2.1+deb13-arm64, and the packages of its files."""
        depends = self._apt(
            "apt-cache", "depends", "--target-release", KERNEL_SUITE, f"linux-image-{self._architecture}"
        )
        found = re.search(r"Depends: linux-image-(\S+)", depends)
        if found is None:
            raise NeedError(f"the mirror's suite {KERNEL_SUITE} has no kernel for {self._architecture}")
        release = found.group(1)
        kernel = self._folder / "kernel" / release
        if not kernel.is_dir():
            kernel.mkdir(parents=True)
        names = [f"linux-{part}-{release}" for part in ("base", "binary", "modules")]
        self._apt("apt-get", "download", "-qq", *names, folder=kernel)
        return release, sorted(kernel.glob("*.deb"))

    def _file(self, name: str, version: str) -> Path:
        matching = list((self._folder / "archives").glob(f"{name}_{version.replace(':', '%3a')}_*.deb"))
        if len(matching) != 1:
            raise NeedError(f"apt fetched no single file of {name} {version}, found {len(matching)}")
        return matching[0]

    def _apt(self, program: str, *words: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            [program, *words],
            env=os.environ | {"APT_CONFIG": str(self._folder / "apt.conf"), "LC_ALL": "C.UTF-8"},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = " ".join(done.stderr.split())[-300:]
            raise NeedError(f"{program} {words[0]} failed for {self._architecture}: {said}; try again later")
        return done.stdout


def mirror() -> str:
    """The address of the Debian mirror in this machine's own sources."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for line in targets.splitlines():
        origin, label, address = line.split("|")
        if origin == label == "Debian":
            return address
    raise NeedError(
        "apt on this machine knows no Debian mirror: add one to its sources and run apt-get update"
    )
