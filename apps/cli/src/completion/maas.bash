# Completion of maas for bash: source <(maas completion bash)
# bash splits words at = : and @ too (COMP_WORDBREAKS) and puts a candidate in the place of the last piece only: words are
# taken from the line itself, and what stands before the last piece is cut off.
_maas() {
  local line=${COMP_LINE:0:COMP_POINT} typed= head answer words
  local IFS=$' \t\n'
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    typed=${words[${#words[@]} - 1]}
    unset "words[${#words[@]} - 1]"
  fi
  head=${typed%"${typed##*[=:@]}"}
  COMPREPLY=()
  while IFS= read -r answer; do
    case $answer in
    =*)
      answer=${answer#=}
      answer=${answer%%$'\t'*}
      COMPREPLY+=("${answer#"$head"}")
      ;;
    @*)
      answer=${answer#@}
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "${typed#"$answer"}")
      return 0
      ;;
    esac
  done < <("$1" __complete -- "${words[@]:1}" "$typed" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=_] ]]; then compopt -o nospace; fi
}
complete -F _maas maas
