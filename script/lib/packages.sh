#!/bin/sh
# Install the named distribution packages that are missing, without starting their services.
# usage: packages.sh NAME...     Does nothing, and needs no root, when all are there.
set -eu
missing=
for name in "$@"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || missing="$missing $name"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "these packages are needed, and this system has no apt-get to install them with:$missing" >&2
  exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "run as root or install sudo: these packages are missing:$missing" >&2; exit 1; }
  sudo=sudo
fi
echo "installing$missing" >&2
# Debian starts a package's daemon when it is installed; a DHCP server that nobody asked for must not answer on this host.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod 755 $policy
  trap '$sudo rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/tmp/rackwright-apt.$$ 2>&1; then
  $sudo apt-get update -qq >&2
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/tmp/rackwright-apt.$$ 2>&1 ||
    { cat /tmp/rackwright-apt.$$ >&2; rm -f /tmp/rackwright-apt.$$; exit 1; }
fi
rm -f /tmp/rackwright-apt.$$
