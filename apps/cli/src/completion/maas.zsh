#compdef maas
# Completion of maas for zsh: source <(maas completion zsh), after compinit
_maas() {
  local -a answers plain joined
  local answer word
  answers=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  for answer in $answers; do
    if [[ $answer == @* ]]; then
      compset -P "${(b)answer#@}"
      _files
      return
    fi
    word=${${answer#=}%%$'\t'*}
    # A colon parts the word from what it is.
    word=${word//:/\\:}:${answer#*$'\t'}
    if [[ $word == *[=_]:* ]]; then joined+=("$word"); else plain+=("$word"); fi
  done
  (( $#plain )) && _describe -t words word plain
  (( $#joined )) && _describe -t parameters parameter joined -S ""
  return 0
}
compdef _maas maas
