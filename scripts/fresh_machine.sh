#!/bin/sh
# Proof that two commands are enough: a bare Debian 12 (python3 and git, nothing else) in a folder,
# this repository cloned into it, and then what a person would type.
#
#   sudo scripts/fresh_machine.sh serve     ./oms serve as root, twice
#   sudo scripts/fresh_machine.sh user      ./oms serve as somebody who may not install packages
#   sudo scripts/fresh_machine.sh test      ./oms test as root
#   sudo scripts/fresh_machine.sh           all of them
#
# Needs mmdebstrap. Packages come from wherever this machine's apt, pip and npm are set to.
# FRESH_DIR (default /var/tmp/oms-fresh) is where the machines are made; they are removed again.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
base=${FRESH_DIR:-/var/tmp/oms-fresh}
archive=$base/bookworm.tar
port=${FRESH_PORT:-8390}
mkdir -p "$base"

make_archive() {
    [ -f "$archive" ] && return
    echo "== a bare Debian 12"
    mmdebstrap --quiet --variant=apt --include=python3,git,ca-certificates bookworm "$base/new.tar"
    mv "$base/new.tar" "$archive"
}

# A machine of its own in $1, set up to reach the package indexes the way this one does.
make_machine() {
    machine=$1
    remove_machine "$machine"
    mkdir -p "$machine"
    tar -xf "$archive" -C "$machine" --numeric-owner
    rm -f "$machine/etc/apt/sources.list"
    for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d \
        /etc/apt/keyrings /etc/pip.conf /etc/xdg/pip /etc/npmrc /etc/resolv.conf /etc/hosts \
        /etc/ssl/certs /usr/local/share/ca-certificates /usr/share/ca-certificates; do
        [ -e "$path" ] && mkdir -p "$machine$(dirname "$path")" && cp -a "$path" "$machine$(dirname "$path")/"
    done
    # Of the sources only Debian's own: others need keys that a bare machine has not.
    find "$machine/etc/apt/sources.list.d" -type f ! -name 'debian*' -delete
    rm -f "$machine"/etc/apt/apt.conf.d/*artifact-registry "$machine"/etc/apt/apt.conf.d/*packagekit \
        "$machine"/etc/apt/apt.conf.d/*appstream "$machine"/etc/apt/apt.conf.d/*debconf
    mount -t proc proc "$machine/proc"
    mount --rbind /dev "$machine/dev"
    mount --make-rslave "$machine/dev"
    chroot "$machine" useradd --create-home --shell /bin/bash seller
    for home in root home/seller; do
        for path in .config/pip .npmrc; do
            [ -e "$HOME/$path" ] && mkdir -p "$machine/$home/$(dirname $path)" \
                && cp -a "$HOME/$path" "$machine/$home/$(dirname $path)/"
        done
        git clone --quiet --no-hardlinks "$repository" "$machine/$home/oms"
    done
    chroot "$machine" chown -R seller: /home/seller
}

remove_machine() {
    [ -d "$1" ] || return 0
    for mounted in dev proc; do
        mountpoint -q "$1/$mounted" && umount -R -l "$1/$mounted"
    done
    rm -rf --one-file-system "$1"
}

# Run a shell command inside: inside MACHINE USER COMMAND
inside() {
    kept=$(env | sed -n -E 's/^((https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY|PIP_[A-Z_]*|NPM_CONFIG_[A-Z_]*|[A-Z_]*CA_(BUNDLE|CERTS)|SSL_CERT_(FILE|DIR))=.*/\1/p')
    set -- "$1" "$2" "$3"
    command="cd ~/oms && $3"
    exports=
    for name in $kept; do
        exports="$exports $name=$(printenv "$name" | sed "s/'/'\\\\''/g; s/.*/'&'/")"
    done
    chroot "$1" su - "$2" -c "export$exports CI=true OMS_DEMO_PORT=$((port + 1)); $command"
}

# What starts the shop, waits for its sign-in page, looks at it and stops it again.
serve_and_look() {
    cat <<LOOK
begun=\$(date +%s.%N)
./oms serve --port $port > serve.log 2>&1 &
shop=\$!
python3 - $port \$shop \$begun <<'PY'
import os, sys, time, urllib.request
port, shop, begun = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
def get(path):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept-Language": "pl"})
    return urllib.request.urlopen(request, timeout=30).read().decode()
while True:
    try:
        page = get("/sign-in")
        break
    except OSError:
        os.kill(shop, 0)  # fails when it has gone
        time.sleep(0.05)
print(f"== sign-in page after {time.time() - begun:.1f} s, load {os.getloadavg()[0]:.1f}")
import re
assert "Zaloguj" in page, page
styles = re.findall(r'href="(/static/[^"]+\.css[^"]*)"', page)
assert styles and all(len(get(style)) > 100 for style in styles), styles
PY
found=\$?
kill \$shop; wait \$shop; echo "== stopped, code \$?"
cat serve.log
exit \$found
LOOK
}

prove_serve() {
    make_machine "$base/serve"
    echo "== root: first start"
    inside "$base/serve" root "$(serve_and_look)"
    echo "== root: second start"
    inside "$base/serve" root "$(serve_and_look)"
    echo "== root: doctor"
    inside "$base/serve" root "./oms doctor"
}

prove_user() {
    make_machine "$base/user"
    echo "== user without rights: says what is missing and stops"
    if inside "$base/user" seller "./oms serve --port $port"; then
        echo "it should have stopped"; exit 1
    fi
    chroot "$base/user" sh -c "apt-get -q update && apt-get -q install -y --no-install-recommends python3-venv" >/dev/null
    echo "== user without rights, python3-venv there: starts without PDF"
    inside "$base/user" seller "$(serve_and_look)"
}

prove_test() {
    make_machine "$base/test"
    echo "== root: tests"
    inside "$base/test" root "time ./oms test ${FRESH_TESTS:-}"
}

clean_up() {
    for left in serve user test; do
        remove_machine "$base/$left"
    done
}

trap clean_up EXIT
trap 'exit 130' INT TERM
make_archive
for what in ${1:-serve user test}; do
    "prove_$what"
done
echo "== proven"
