#!/usr/bin/env bash
# Run by Gradescope once, as root and with a network, to build the image: Python, the pinned and
# hashed packages, the kit. For tests, FDL_GRADESCOPE_ROOT names another folder than /autograder.
set -euo pipefail
umask 022
root="${FDL_GRADESCOPE_ROOT:-/autograder}"
kit="$root/kit"

fits() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

# The kit needs Python 3.11 to 3.13. Ubuntu 22.04 comes with 3.10, and 3.11 can be installed too.
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
"${pip[@]}" install --no-cache-dir --require-hashes --requirement "$root/source/requirements.txt"
"${pip[@]}" install --no-cache-dir --no-deps --no-index "$root"/source/kit/*.whl

# Student code runs as a user of its own, who must be able to read Python's packages and the code
# inside the sandbox, and nothing else. Of the kit's folders it can enter two and list none.
packages="$("$kit/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
chmod -R go-rwx "$packages/autograder" "$root/source"
chmod 711 "$packages/autograder" "$packages/autograder/sandbox"
chmod -R go+rX "$packages/autograder/sandbox/inside"

# Make matplotlib's list of fonts once here, instead of at each submission.
XDG_CACHE_HOME="$kit/cache" "$kit/bin/python" -c 'from autograder.sandbox.visiblefiles import font_list; font_list()'
"$kit/bin/fdl" doctor || true
