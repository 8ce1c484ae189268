# Sourced by the launchers, which set `root` (the checkout) first:
#
#   use_environment EXTRAS     makes or finds the virtual environment `venv`, `python` in it
#
# A start that finds everything in place installs nothing.  Exit code 4 means that this machine
# lacks something; the message says what and how to get it.
# shellcheck shell=sh

venv=${NEUROLOOP_VENV:-$root/.venv}
case $venv in /*) ;; *) venv=$PWD/$venv ;; esac
python=$venv/bin/python
stamp=$venv/neuroloop.stamp          # a line for each set of extras that is installed
unfinished=$venv/neuroloop.unfinished # there while a launcher is filling a venv it made
log=$venv/neuroloop.log              # what pip said last
installed=''                         # "yes" where this start installed something

# other installations (ROS sets PYTHONPATH) and pip's own options must not leak in
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
export PIP_RETRIES="${PIP_RETRIES:-2}" PIP_DEFAULT_TIMEOUT="${PIP_DEFAULT_TIMEOUT:-20}"

say() { printf 'neuroloop: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 4
}

# as_root COMMAND: print the command as this user has to type it
as_root() {
    if [ "$(id -u)" = 0 ]; then printf '%s' "$*"; else printf 'sudo %s' "$*"; fi
}

# python_state PYTHON: print "good", "no-venv VERSION", "version VERSION" or nothing
python_state() {
    "$1" - 2>/dev/null <<'PYTHON'
import sys
version = ".".join(map(str, sys.version_info[:2]))
if not (3, 11) <= sys.version_info[:2] < (3, 15):
    print("version", version)
else:
    try:
        import ensurepip, ssl, venv
        ensurepip.version()
        print("good", version)
    except Exception:
        print("no-venv", version)
PYTHON
}

# find_python: set `base` to the newest Python that can make a venv with pip in it
find_python() {
    without=''
    other=''
    for base in python3.14 python3.13 python3.12 python3.11 python3; do
        command -v "$base" >/dev/null 2>&1 || continue
        state=$(python_state "$base") || continue
        case $state in
            good*) return 0 ;;
            no-venv*) without=${without:-${state#* }} ;;
            version*) other=${state#* } ;;
        esac
    done
    return 1
}

no_python() {
    if [ -n "$without" ]; then
        if command -v apt-get >/dev/null 2>&1; then
            fail "Python $without cannot make virtual environments; this adds it:" \
                "$(as_root apt-get install -y "python$without-venv")"
        fi
        fail "Python $without cannot make virtual environments: it lacks venv, ensurepip or ssl." \
            "Install the package of your system that adds them, or another Python 3.11 to 3.14."
    fi
    here=${other:+", here is Python $other"}
    if command -v apt-get >/dev/null 2>&1; then
        fail "needs Python 3.11 to 3.14${here:-, here is none}; on Debian 12 or Ubuntu 24.04 and" \
            "later this adds it: $(as_root apt-get install -y python3 python3-venv)"
    fi
    fail "needs Python 3.11 to 3.14${here:-, here is none}"
}

# is_usable: whether the venv is there, its Python runs and pip works
is_usable() {
    [ -e "$venv/pyvenv.cfg" ] && [ ! -e "$unfinished" ] && [ -x "$python" ] || return 1
    case $(python_state "$python") in
        good* | no-venv*) ;;
        version*) fail "$venv has another Python than 3.11 to 3.14: remove it and start again" ;;
        *) return 1 ;;
    esac
    "$python" -m pip --version >/dev/null 2>&1 ||
        { "$python" -m ensurepip && "$python" -m pip --version; } >/dev/null 2>&1
}

is_empty() { [ -z "$(ls -A "$venv" 2>/dev/null)" ]; }

make_venv() {
    find_python || no_python
    # what is there and is no venv is somebody's files
    if ! is_empty && [ ! -e "$venv/pyvenv.cfg" ] && [ "$venv" != "$root/.venv" ]; then
        fail "$venv is not a virtual environment: empty it, or set NEUROLOOP_VENV to another folder"
    fi
    if ! mkdir -p "$venv" 2>/dev/null || [ ! -w "$venv" ]; then
        fail "cannot write to $venv: set NEUROLOOP_VENV to a folder of yours, or clone to" \
            "where you may write"
    fi
    say "making $venv with Python ${state#* }"
    message=$("$base" -m venv --clear "$venv" 2>&1) || fail "cannot make $venv: $message"
    : >"$unfinished"
}

# state_of EXTRAS: print the line of the stamp that fits the present checkout, or nothing
state_of() {
    "$python" - "$root" "$1" 2>/dev/null <<'PYTHON'
import hashlib, pathlib, sys
root, extras = sys.argv[1:]
parts = (sys.version, sys.prefix, root, pathlib.Path(root, "pyproject.toml").read_text("utf-8"))
print(hashlib.sha256("\0".join(parts).encode()).hexdigest(), extras)
PYTHON
}

# is_installed EXTRAS
is_installed() {
    [ -e "$stamp" ] && [ ! -e "$unfinished" ] && grep -qxF -- "$(state_of "$1")" "$stamp"
}

install() {
    [ -w "$venv" ] || fail "cannot write to $venv: set NEUROLOOP_VENV to a folder of yours"
    say "installing neuroloop[$1]; the first time this takes a minute or two"
    # the packages come as wheels, so that no compiler is needed; neuroloop itself is built here
    if ! "$python" -m pip install --quiet --only-binary :all: --editable "${root}[$1]" \
        >"$log" 2>&1 </dev/null; then
        sed -n '/^ERROR:/p' "$log" | tail -n 3 >&2
        if grep -qE 'Connection|Max retries|timed out|name resolution|unreachable' "$log"; then
            fail "cannot reach the package index: check the network and start again ($log)"
        fi
        fail "pip could not install neuroloop[$1]; all it said is in $log"
    fi
    line=$(state_of "$1")
    # lines of an earlier pyproject.toml or Python are no longer true
    kept=$(grep -F -- "${line%% *}" "$stamp" 2>/dev/null) || true
    printf '%s\n' "$line" ${kept:+"$kept"} >"$stamp"
    rm -f "$unfinished"
    # shellcheck disable=SC2034  # read by the launchers
    installed=yes
}

use_environment() {
    # one launcher at a time; the kernel gives the lock back however this ends
    exec 9<"$root/pyproject.toml"
    if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
        say "another launcher is preparing $venv; waiting for it"
        flock 9
    fi
    if ! is_installed "$1"; then
        is_usable || make_venv
        install "$1"
    fi
    exec 9<&-
}
