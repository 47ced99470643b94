# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
# parts.sh: what a domain's image is made of, as the manifest beside it says; for scripts that build something with the same parts. To be
# sourced, in the repo's top folder. FOLDER is the domain's, in build/.

# part FOLDER machine|transport: its name.
part() {
	/usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1] + "/manifest.json"))[sys.argv[2]])' "$1" "$2"
}

# machine_link FOLDER SD_O IMAGE [PAYLOAD]: links a kernel with the domain's machine, and with host code (sd/payload.h), as a list of words.
machine_link() {
	machine=$(part "$1" machine) || return
	PAYLOAD=${4:-} "runtime/machine/$machine/link.sh" "$2" "$3"
}

# transport_sources NAME: of the client's side of a transport, which is found by name.
transport_sources() {
	echo runtime/transport/table.c "runtime/transport/$1/$1_client.c"
}
