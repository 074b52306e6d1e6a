#!/bin/sh
# Names in package lists: one a line, comments after #.
set -eu
sed 's/#.*//' "$@" | tr -s ' \t\n' '\n' | sed '/^$/d' | sort -u
