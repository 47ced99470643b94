// SPDX-License-Identifier: GPL-2.0
/* kdom: keeps service domains running and starts programs on them. */
#include "supervisor.h"

#include <string.h>

static const char usage[] =
	"usage: kdom up   [OPTIONS] NAME             start a domain, or start it again after kill\n"
	"       kdom run  [OPTIONS] NAME[,NAME] -- PROG [ARG]...\n"
	"                                            run a program on it; starts and stops it if "
	"it isn't up\n"
	"       kdom ps [-v]                         every domain of this user; -v: what confines it (belts)\n"
	"       kdom kill NAME                       SIGKILL the domain; its supervisor stays\n"
	"       kdom down NAME                       stop domain and supervisor in good order\n"
	"options: --no-tap              without its TAP device: loopback only, needs no root\n"
	"         --device N:KEY=VALUE  another value for a key of the manifest's device N, counted from 0:\n"
	"                               --device 0:path=/x.img --device 0:backend=ram\n"
	"         --image FILE          default: build/NAME/NAME.image\n"
	"         --manifest FILE       default: build/NAME/manifest.json (devices, ram)\n"
	"         --ram SIZE            default: the manifest's, else 64M\n"
	"         --cpu N               pin the domain\n"
	"         --restart POLICY      no (default), on-failure, always\n"
	"Disks whose path isn't absolute lie in $KDOM_DIR, else $XDG_STATE_HOME/kdom, else ~/.local/state/kdom.\n"
	"Sockets and logs lie in $KDOM_DIR, else $XDG_RUNTIME_DIR/kdom, else /tmp/kdom-UID.\n";

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(int argc, char **argv);
	} commands[] = {
		{"up", cmd_up},	    {"run", cmd_run},	{"ps", cmd_ps},
		{"kill", cmd_kill}, {"down", cmd_down},
	};

	if (argc >= 2 && (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help"))) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].fn(argc - 1, argv + 1);
	fputs(usage, stderr);
	return 2;
}
