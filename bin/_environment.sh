# Shared by the commands beside it: go to the checkout and make .venv hold exactly what a lock file names.
# Plain POSIX shell; wants Python 3.11 or newer and nothing else.

# Kept bytecode is what makes a second start quick; shells of containers often switch it off.
unset PYTHONDONTWRITEBYTECODE
case ${KANTON_HOME:-} in '' | /*) ;; *) KANTON_HOME=$(pwd)/$KANTON_HOME && export KANTON_HOME ;; esac
cd "$(dirname "$0")/.."
venv=$(pwd)/.venv
python=$venv/bin/python

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Kanton needs Python 3.11 or newer, and none was found."
    say "Install it (Debian: apt install python3 python3-venv), or name it: PYTHON=/path/to/python3 $0"
    exit 69
}

make_venv() {
    found=$(find_python) || exit $?
    say "Making a Python environment in .venv ..."
    if "$found" -m venv --clear "$venv" >"$venv.log" 2>&1; then
        rm -f "$venv.log"
    elif "$found" -m venv --clear --without-pip "$venv" >>"$venv.log" 2>&1 &&
        "$found" -m pip --python "$python" install -q --require-hashes -r requirements/bootstrap.txt 2>>"$venv.log"; then
        rm -f "$venv.log"
    else
        cat "$venv.log" >&2
        rm -rf "$venv" "$venv.log"
        say "Python could not make an environment. On Debian: apt install python3-venv"
        exit 69
    fi
}

# The programs in .venv name it by its full path, so a checkout that was moved or copied needs another one.
was_moved() { [ -f "$venv/.kanton-place" ] && [ "$(cat "$venv/.kanton-place")" != "$venv" ]; }

# install NAME: everything in requirements/NAME.txt, with hashes; nothing to do when it was done before.
install() {
    if [ ! -x "$python" ] || ! "$python" -c '' 2>/dev/null || was_moved; then make_venv; fi
    wanted=$(cksum <"requirements/$1.txt")
    if [ "$(cat "$venv/.kanton-$1" 2>/dev/null)" = "$wanted" ]; then return; fi
    say "Installing what requirements/$1.txt names ..."
    [ -x "$venv/bin/uv" ] ||
        "$python" -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt 2>/dev/null ||
        say "uv could not be installed; going on with pip, which takes longer."
    # No --no-build: dkimpy comes as pure Python source only. Nothing in the list needs a compiler.
    # The second try is for a home folder that cannot be written: uv wants its cache there.
    "$venv/bin/uv" pip install -q --python "$python" --require-hashes -r "requirements/$1.txt" 2>"$venv/.uv.log" ||
        "$venv/bin/uv" pip install -q --no-cache --python "$python" --require-hashes -r "requirements/$1.txt" \
            2>"$venv/.uv.log" ||
        "$python" -m pip install -q --disable-pip-version-check --require-hashes -r "requirements/$1.txt" || {
        cat "$venv/.uv.log" >&2
        say "The packages could not be installed. Is the package index reachable? Try again; what was loaded is kept."
        exit 69
    }
    printf '%s' "$wanted" >"$venv/.kanton-$1"
}

# The checkout itself: on the path of .venv, with the `kanton` command; no build tool takes part.
# Its first line cannot name a Python whose path has spaces or is long, so a shell reads two lines, and Python the rest.
link_checkout() {
    site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    # From .venv/lib/python3.x/site-packages. Python reads this file as the locale says: a full path may not be ASCII.
    echo ../../../../src >"$site/kanton-checkout.pth"
    cat >"$venv/bin/kanton" <<'SCRIPT'
#!/bin/sh
'''exec' "$(dirname "$(readlink -f "$0")")/python" "$0" "$@"
'''
import sys

from kanton.run.cli import main

sys.exit(main())
SCRIPT
    chmod 755 "$venv/bin/kanton"
    printf '%s' "$venv" >"$venv/.kanton-place"
}
