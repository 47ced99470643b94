// SPDX-License-Identifier: GPL-2.0
/* kdom.c: main() of kdom and its table of commands. Options: options.c. */
#include "commands.h"
#include "options.h"

static const struct cli_command commands[] = {
	{
		.name = "up",
		.args = "NAME",
		.summary = "start a domain, or restart it after kill",
		.min = 1,
		.max = 1,
		.run = cmd_up,
	},
	{
		.name = "run",
		.args = "NAME[=SOCKET][,NAME]... -- PROG [ARG]...",
		.summary = "run a program on domains",
		.text = "A domain that isn't up is started, and stopped when PROG has ended. Options "
			"are for those that are started. With SOCKET, an absolute path, NAME is "
			"another user's domain.",
		.max = -1,
		.rest = true,
		.run = cmd_run,
	},
	{
		.name = "trace",
		.args = "NAME[=SOCKET]",
		.summary = "print the calls of running programs on a domain",
		.text = "Until it is interrupted or the domain ends. A program is traced from its next "
			"call to the domain on, with all that it calls. Only the domain's owner and "
			"root may do that; the owner sees programs of his own, root sees all. With "
			"SOCKET, an absolute path, NAME is another user's domain.",
		.min = 1,
		.max = 1,
		.run = cmd_trace,
	},
	{
		.name = "ps",
		.args = "",
		.summary = "show every domain of this user",
		.run = cmd_ps,
	},
	{
		.name = "log",
		.args = "NAME",
		.summary = "print the log of a domain and its supervisor",
		.text = "The log is NAME.log in the run directory, and NAME.log.1 with what was "
			"written before. It stays when the domain is down, until the next start.",
		.min = 1,
		.max = 1,
		.run = cmd_log,
	},
	{
		.name = "kill",
		.args = "NAME",
		.summary = "SIGKILL the domain; its supervisor stays",
		.min = 1,
		.max = 1,
		.run = cmd_kill,
	},
	{
		.name = "down",
		.args = "NAME",
		.summary = "stop the domain and its supervisor",
		.min = 1,
		.max = 1,
		.run = cmd_down,
	},
	{},
};

static const struct cli cli = {
	.name = "kdom",
	.summary = "Keep service domains running, and run programs on them.",
	.options = kdom_options,
	.commands = commands,
	.set = kdom_option_set,
};

int main(int argc, char **argv)
{
	static struct kdom_values values = {
		.cfg = {.cpu = -1, .image_fd = -1, .log_level = LOG_LEVEL_INFO},
		.lines = -1,
	};

	return cli_main(&cli, &values, argc, argv);
}
