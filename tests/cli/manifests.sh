#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The manifests for Kubernetes: are they YAML, do their names fit together, does the binary ($1)
# take their arguments? No cluster is asked. Prints TAP.
set -u
export LC_ALL=C

here=$(cd "$(dirname "$0")/../.." && pwd)
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
	echo "usage: $0 BINARY" >&2
	exit 2
fi
Q=$(readlink -f "$1")
# The distribution's, which sees the distribution's modules.
python=/usr/bin/python3
[ -x $python ] || python=python3
if ! $python -c 'import yaml' 2>/dev/null; then
	printf '1..1\nok 1 - manifests # SKIP no YAML module for Python; run: scripts/install-deps.sh vm\n'
	exit 0
fi

T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT

# Prints faults; the scheduler's arguments go to the first file named.
cat >"$T/check.py" <<'PYTHON'
import pathlib, sys, yaml

objects = []
for name in sys.argv[2:]:
    objects += [o for o in yaml.safe_load_all(pathlib.Path(name).read_text()) if o]

faults = []
pods = set()
arguments = []
for o in objects:
    kind, meta = o["kind"], o["metadata"]
    if kind in ("Namespace", "Service"):
        continue
    pod = o["spec"] if kind == "Pod" else o["spec"]["template"]["spec"]
    where = f"{kind} {meta['name']}"
    if kind == "Pod":
        pods.add(f"{meta['namespace']}/{meta['name']}")
    else:
        labels = o["spec"]["template"]["metadata"]["labels"]
        if o["spec"]["selector"]["matchLabels"] != labels:
            faults.append(f"{where}: its selector does not select its pods")
    if kind == "StatefulSet":
        pods |= {f"{meta['namespace']}/{meta['name']}-{i}" for i in range(o["spec"]["replicas"])}
    volumes = {v["name"] for v in pod.get("volumes", [])}
    for c in pod["containers"]:
        mounts = {m["name"] for m in c.get("volumeMounts", [])}
        if mounts != volumes:
            faults.append(f"{where}: volumes {volumes}, mounted {mounts}")
        for word in c.get("args", []) + c.get("command", []):
            if not isinstance(word, str):
                faults.append(f"{where}: {word!r} is not a string")
        if c["image"].startswith("scx_qumun"):
            arguments += c["args"]

boosts = [a.split("=", 1)[1].split(":")[1] for a in arguments if a.startswith("--boost=pod:")]
faults += [f"{b} is boosted, and made by no manifest" for b in boosts if b not in pods]
if not boosts:
    faults.append("nothing is boosted")
for fault in faults:
    print(fault)
pathlib.Path(sys.argv[1]).write_text("".join(a + "\n" for a in arguments))
sys.exit(bool(faults))
PYTHON

number=0
failed=0
result() {
	number=$((number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
	else
		failed=1
		echo "not ok $number - $1"
		sed 's/^/# /' "$T/said"
	fi
}

echo 1..2
$python "$T/check.py" "$T/args" "$here"/scripts/dist/kubernetes/*.yaml >"$T/said" 2>&1
result 'valid YAML whose names fit together' $?

# --version is the last option, so that nothing starts; what comes before it has been read by then.
mapfile -t args <"$T/args"
"$Q" "${args[@]}" --version >"$T/said" 2>&1
result 'the scheduler takes the arguments' $?

exit "$failed"
