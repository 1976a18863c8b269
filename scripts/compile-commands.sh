#!/bin/bash
# Prints compile_commands.json for editors; `make compile_commands.json` calls
# this with the two compiler command lines, for host code and for BPF.
set -euo pipefail

entry() {
	printf '%s{ "directory": "%s", "file": "%s", "command": "%s -c %s" }' \
		"$comma" "$PWD" "$2" "${1//\"/\\\"}" "$2"
	comma=$',\n'
}

comma=
printf '[\n'
for file in src/*.c tests/unit/*.c tests/lib/*.c tests/demo/*.c tests/vm/*.c; do
	[[ $file == *.bpf.c ]] || entry "$1" "$file"
done
for file in bpf/*.bpf.c tests/vm/*.bpf.c; do
	entry "$2" "$file"
done
printf '\n]\n'
