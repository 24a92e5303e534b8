#!/bin/sh
# Set-up for `make app` and `make test`: a virtual environment, the pinned packages, and for tests a browser.
#   sh scripts/set_up.sh app | test
# A second run does nothing while the requirements files are the same: the stamp in .venv carries their checksum.
set -eu
cd "$(dirname "$0")/.."

what=${1:-app}
venv=.venv

fail() {
    printf '\nSet-up stopped: %s\n' "$1" >&2
    exit 1
}

say() {
    printf '%s\n' "$1" >&2
}

as_root() {
    [ "$(id -u)" = 0 ]
}

apt_install() {
    as_root && command -v apt-get >/dev/null 2>&1 || return 1
    say "Installing $* with apt-get ..."
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null 2>&1
}

new_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or later is needed and was not found. Debian: 'apt-get install python3 python3-venv'; or name it: make app PYTHON=/path/to/python3.11"
}

make_venv() {
    # A virtual environment that was copied or moved, or whose Python has gone, is made anew.
    if [ -d "$venv" ] && "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; then
        return
    fi
    python=$(find_python)
    say "Making a virtual environment in $venv with $("$python" --version 2>&1) ..."
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 && return
    # Debian splits the part of Python that makes virtual environments off into python3-venv.
    rm -rf "$venv"
    "$python" -m virtualenv -q "$venv" >/dev/null 2>&1 && return
    rm -rf "$venv"
    apt_install python3-venv && "$python" -m venv "$venv" >/dev/null 2>&1 && return
    rm -rf "$venv"
    fail "this Python cannot make virtual environments. Install its package ('sudo apt-get install python3-venv') or 'python3 -m pip install --user virtualenv', then run the same command again."
}

checksum() {
    cat "$@" | cksum | tr -d ' '
}

install() {
    sum=$(checksum requirements.txt requirements-dev.txt)
    stamp=$venv/.$1-$sum
    if [ -e "$stamp" ] || [ -e "$venv/.test-$sum" ]; then
        return
    fi
    say "Installing the pinned packages from $2 (the first time takes a few minutes) ..."
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$2" ||
        fail "a package of $2 could not be installed (see above). A network or proxy problem? Run the same command again."
    rm -f "$venv/.$1"-*
    touch "$stamp"
}

have_browser() {
    "$venv/bin/python" -m scripts.browser --check >/dev/null 2>&1
}

find_browser() {
    stamp=$venv/.browser-ready
    [ -e "$stamp" ] && "$venv/bin/python" -m scripts.browser >/dev/null 2>&1 && return
    if ! have_browser; then
        apt_install chromium fonts-liberation || true
    fi
    if ! have_browser; then
        say "No Chromium or Chrome is installed: Playwright fetches one ..."
        "$venv/bin/python" -m playwright install chromium >&2 || true
    fi
    have_browser || {
        "$venv/bin/python" -m scripts.browser --check >&2 || true
        fail "the browser tests need Chromium or Chrome and none starts here. Install one ('sudo apt-get install chromium'), or name it: make test CHROME=/path/to/chrome"
    }
    touch "$stamp"
}

make_venv
case $what in
app) install app requirements.txt ;;
test)
    install test requirements-dev.txt
    find_browser
    ;;
*) fail "unknown set-up '$what': app or test" ;;
esac
