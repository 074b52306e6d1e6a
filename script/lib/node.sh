# Sourced by the commands in script/: puts the pinned Node and the tools of node_modules first on PATH, installing them
# when the lockfile is newer than what is there. Expects to stand in the project's root.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  if ! command -v npm >/dev/null 2>&1; then
    echo "npm is missing: installing it from the distribution's packages (npm then brings the pinned Node)" >&2
    script/lib/packages.sh npm nodejs
  fi
  npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
PATH=$PWD/node_modules/.bin:$PATH
export PATH
