#!/bin/sh
# SPDX-License-Identifier: MIT
#
# contract.sh: prints sd/contract.h, the number of what programs, supervisor and domain must have alike: regions, calls and
# control messages. It is made of the text of the headers that lay them down, so that nobody has to count a version up.
# (A domain's own calls have a number of their own, in generated/NAME/contract.h.)
set -eu
cd "$(dirname "$0")/sd"
sum=$(cat bell.h control.h ring.h rpc.h | sha256sum)
cat <<-END
	/* SPDX-License-Identifier: MIT */
	/* Made by runtime/include/contract.sh. */
	#ifndef SD_CONTRACT
	#define SD_CONTRACT 0x$(printf %.8s "$sum")u
	#endif
END
