# Completion of maas for fish: maas completion fish | source
function __maas_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    for answer in ($words[1] __complete -- $words[2..-1] "$typed" 2>/dev/null)
        set -l rest (string sub -s 2 -- $answer)
        if string match -q '@*' -- $answer
            set -l path (string sub -s (math 1 + (string length -- "$rest")) -- "$typed")
            for file in (__fish_complete_path "$path" | string split -f 1 \t)
                echo "$rest$file"
            end
        else
            echo $rest
        end
    end
end
complete -c maas -f -a '(__maas_complete)'
