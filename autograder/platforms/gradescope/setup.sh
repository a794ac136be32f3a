#!/usr/bin/env bash
# Gradescope runs this script once, as root and with a network, to build the image: Python, packages
# with pinned versions and hashes, and the kit. Tests set FDL_GRADESCOPE_ROOT to use another folder
# than /autograder.
set -euo pipefail
umask 022
root="${FDL_GRADESCOPE_ROOT:-/autograder}"
kit="$root/kit"

fits() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

# The kit needs Python 3.11 to 3.13. Ubuntu 22.04 has Python 3.10, but can also install 3.11.
find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if fits "$name"; then command -v "$name"; return; fi
  done
  return 1
}

if ! python="$(find_python)"; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  for version in 3.13 3.12 3.11; do
    apt-get install -y --no-install-recommends "python$version" "python$version-venv" && break
  done
  if ! python="$(find_python)"; then
    echo "No Python 3.11 to 3.13 can be installed here. Choose a newer base image." >&2
    exit 1
  fi
fi

"$python" -m venv --clear "$kit"
pip=("$kit/bin/python" -m pip --disable-pip-version-check --no-input)
"${pip[@]}" install --no-cache-dir --require-hashes --no-deps --requirement "$root/source/requirements.txt"
"${pip[@]}" install --no-cache-dir --no-deps --no-index "$root"/source/kit/*.whl

# Student code runs as a separate user, who may read only Python's packages and the code inside the
# sandbox. This user can enter, but not list, two of the kit's folders.
packages="$("$kit/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
chmod -R go-rwx "$packages/autograder" "$root/source"
chmod 711 "$packages/autograder" "$packages/autograder/sandbox"
chmod -R go+rX "$packages/autograder/sandbox/inside"

# Make matplotlib's list of fonts once here, instead of at each submission.
XDG_CACHE_HOME="$kit/cache" "$kit/bin/python" -c 'from autograder.sandbox.visiblefiles import font_list; font_list()'
"$kit/bin/fdl" doctor || true
