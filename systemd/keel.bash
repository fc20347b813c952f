#   Completion of the command lines of Keel's programs in bash. What there is to complete each program says itself, by --help, so this file
#   knows no option: an option's argument there says what its values are. It needs nothing of the package bash-completion but to be found, as
#   share/bash-completion/completions/PROGRAM.

declare -gA _keel_helps # by program: what --help printed

#   Reads --help of $1 into the caller's arrays: options (their argument, or nothing), commands ("admin list") and what follows each.
_keel_read ()
{
    local line in_commands=''
    [[ ${_keel_helps[$1]-} ]] || _keel_helps[$1]=$("$1" --help 2>/dev/null)
    while IFS= read -r line; do
        if [[ $line =~ ^\ +((-[A-Za-z0-9]),\ )?(--[a-z-]+)(\ ([A-Z]+))?(\ |$) ]]; then
            options[${BASH_REMATCH[3]}]=${BASH_REMATCH[5]}
            [[ ${BASH_REMATCH[2]} ]] && options[${BASH_REMATCH[2]}]=${BASH_REMATCH[5]}
        elif [[ $line == Commands: ]]; then
            in_commands=1
        elif [[ $in_commands && $line =~ ^\ \ ([a-z]+(\ [a-z]+)?)(\ ([A-Z]+))?(\ |$) ]]; then
            commands+=("${BASH_REMATCH[1]}")
            arguments[${BASH_REMATCH[1]}]=${BASH_REMATCH[4]}
        fi
    done <<<"${_keel_helps[$1]}"
}

#   Sets COMPREPLY to the values for an argument of kind $1 that begin with $2. Numbers, names and frames there is nothing to say of.
_keel_values ()
{
    case $1 in
    FILE) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    DIR | DIRECTORY) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    CMD) mapfile -t COMPREPLY < <(compgen -c -- "$2") ;;
    EP)
        if [[ $2 == ipc://* ]]; then
            mapfile -t COMPREPLY < <(compgen -f -P ipc:// -- "${2#ipc://}")
        else
            mapfile -t COMPREPLY < <(compgen -W "tcp:// ipc://" -- "$2")
        fi
        compopt -o nospace 2>/dev/null
        return
        ;;
    esac
    compopt -o filenames 2>/dev/null
}

#   A word that is neither an option nor a value of one: a command, a command's own, or what it takes.
_keel_word ()
{
    local cur=$1 command word
    shift
    local before="$*"
    for command in "${commands[@]}"; do
        if [[ $command == "$before" ]]; then
            _keel_values "${arguments[$command]}" "$cur"
            return
        fi
        word=${before:+$before }
        [[ $command == "$word$cur"* ]] || continue
        word=${command#"$word"}
        [[ " ${COMPREPLY[*]} " == *" ${word%% *} "* ]] || COMPREPLY+=("${word%% *}")
    done
}

#   bash has split the line at : and = too, and replaces only what stands behind the last of them.
_keel_trim ()
{
    local cur=$1 from=0 at
    for ((at = 0; at < ${#cur}; at++)); do
        [[ ${cur:at:1} == [:=] && $COMP_WORDBREAKS == *"${cur:at:1}"* ]] && from=$((at + 1))
    done
    COMPREPLY=("${COMPREPLY[@]#"${cur:0:from}"}")
}

_keel ()
{
    local -A options=() arguments=()
    local -a commands=() words=() before=()
    local cur word kind='' own='' name=''
    _keel_read "$1"
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
    cur=${words[-1]}
    COMPREPLY=()
    for word in "${words[@]:1:${#words[@]}-2}"; do
        if [[ $own ]]; then
            own=FILE # most words of a command behind -- are files
        elif [[ $kind ]]; then
            kind=
        elif [[ $word == -- ]]; then
            own=CMD
        elif [[ $word == -* ]]; then
            kind=${options[$word]-}
        else
            before+=("$word")
        fi
    done
    if [[ $own || $kind ]]; then
        _keel_values "${own:-$kind}" "$cur"
    elif [[ $cur == --*=* ]]; then
        name=${cur%%=*}
        _keel_values "${options[$name]-}" "${cur#*=}"
        COMPREPLY=("${COMPREPLY[@]/#/$name=}")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${!options[*]}" -- "$cur")
    else
        _keel_word "$cur" "${before[@]}"
    fi
    _keel_trim "$cur"
}

complete -F _keel mdbroker spqueue ppqueue titanic binarystar \
    mdclient mdctl mdbench ticlient lpclient flclient mdworker lpserver spworker ppworker flserver
