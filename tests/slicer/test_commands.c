// SPDX-License-Identifier: GPL-2.0
/* What the slicer asks of a kernel tree: words of its code, its Kconfig, units of the runtime. Each
 * test has a folder of its own. */
#include "base/util.h"
#include "commands/commands.h"
#include "commands/kconfig.h"
#include "commands/words.h"
#include "spec/spec.h"
#include "stubs/stubs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char top[] = "/tmp/kslice-commands-XXXXXX";

static char *at(const char *name)
{
	return xasprintf("%s/%s", top, name);
}

static void put(const char *name, const char *text)
{
	char *path = at(name);

	assert_int_equal(make_parent_dirs(path), 0);
	assert_int_equal(write_file(path, text, strlen(text)), 0);
	free(path);
}

static int enter(void **state)
{
	strcpy(top + strlen(top) - 6, "XXXXXX");
	if (!mkdtemp(top) || setenv("KSLICE_CACHE", top, 1))
		return -1;
	return 0;
}

static int leave(void **state)
{
	return remove_tree(top);
}

/* What stderr gets from now on; said() ends that and returns it, malloc'ed. */
static int listen_stderr(void)
{
	char *path = at("stderr");
	int old = dup(STDERR_FILENO);

	fflush(stderr);
	assert_non_null(freopen(path, "w+", stderr));
	free(path);
	return old;
}

static char *said(int old)
{
	char *path = at("stderr"), *text;

	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	text = read_file(path, NULL);
	free(path);
	return text;
}

/* ---- words ---- */

static void check_word(const char *text, const char *name, bool wanted)
{
	struct strmap names = {};

	strmap_add(&names, name, NULL);
	words_of_text(text, strlen(text), &names);
	assert_int_equal(*strmap_get(&names, name), wanted ? WORD_PRESENT : WORD_ABSENT);
	strmap_free(&names);
}

static void test_words_of_text(void **state)
{
	check_word("int f(void);", "f", true);
	check_word("int ff(void);", "f", false);
	check_word("int f1(void);", "f", false);
	check_word("/* f */ int g;", "f", false);
	check_word("// f\nint g;", "f", false);
	check_word("// g\nint f;", "f", true);
	check_word("char *s = \"f\";", "f", false);
	check_word("char *s = \"\\\"\"; int f;", "f", true);
	check_word("char c = '\"'; int f; char d = '\"';", "f", true);
	check_word("# don't\nint f;", "f", true);
	check_word("/"
		   "* without an end: f",
		   "f", false);
	check_word("#ifdef CONFIG_NEVER\nint f;\n#endif", "f", true);
}

static uint64_t look_for(const char *name)
{
	char *tree = at("some");
	struct strmap names = {};
	uint64_t found;

	strmap_add(&names, name, NULL);
	assert_int_equal(tree_find_words(tree, &names), 0);
	found = *strmap_get(&names, name);
	strmap_free(&names);
	free(tree);
	return found;
}

static void test_tree_words(void **state)
{
	put("some/Makefile", "VERSION = 6\n");
	put("some/deep.c", "int deep_function(void);\n");
	put("some/tools/other.c", "int of_another_program(void);\n");
	put("some/drivers/tools/name.h", "int in_tools_of_a_driver(void);\n");
	put("some/drivers/notes.txt", "int in_a_text(void);\n");
	assert_int_equal(look_for("deep_function"), WORD_PRESENT);
	assert_int_equal(look_for("of_another_program"), WORD_ABSENT);
	assert_int_equal(look_for("in_tools_of_a_driver"), WORD_PRESENT);
	assert_int_equal(look_for("in_a_text"), WORD_ABSENT);
	/* cached, until the tree is another version */
	put("some/drivers/net/new.c", "int of_another_program(void);\n");
	assert_int_equal(look_for("of_another_program"), WORD_ABSENT);
	put("some/Makefile", "VERSION = 66\n");
	assert_int_equal(look_for("of_another_program"), WORD_PRESENT);
}

/* ---- Kconfig ---- */

static int check_fragment(const char *config, const char *fragment, const char *wanted)
{
	struct compdb db = {.tree = at("some"), .overlay = at("overlay"), .objdir = at("obj")};
	char *path = at("fragment"), *text;
	int r, old;

	put("obj/.config", config);
	put("fragment", fragment);
	old = listen_stderr();
	r = kconfig_check(&db, path);
	text = said(old);
	if (wanted)
		assert_non_null(strstr(text, wanted));
	else
		assert_string_equal(text, "");
	free(text);
	free(path);
	free(db.tree);
	free(db.overlay);
	free(db.objdir);
	return r;
}

static void test_kconfig(void **state)
{
	const char *config = "\nCONFIG_HAS=y\n# CONFIG_MENU is not set\n";

	put("overlay/Kconfig", "config HAS\n\tbool \"h\"\n\nmenuconfig MENU\n\tbool \"m\"\n");
	assert_int_equal(check_fragment(config, "CONFIG_HAS=y\nCONFIG_GONE=n\n", NULL), 0);
	assert_int_equal(
		check_fragment(config, "# x\nCONFIG_MENU=y\n",
			       "fragment:2: the tree's Kconfig doesn't accept CONFIG_MENU=y"),
		-1);
	assert_int_equal(check_fragment(config, "CONFIG_GONE=y\n",
					"fragment:1: the tree's Kconfig has no such option"),
			 -1);
	assert_int_equal(check_fragment(config, "# optional: older\nCONFIG_GONE=y\n", NULL), 0);
	/* optional is the next line only, and not one whose dependencies aren't met */
	assert_int_equal(check_fragment(config, "# optional: older\nCONFIG_HAS=y\nCONFIG_GONE=y\n",
					"fragment:3: the tree's Kconfig has no such option"),
			 -1);
	assert_int_equal(check_fragment(config, "# optional: older\nCONFIG_MENU=y\n",
					"fragment:2: the tree's Kconfig doesn't accept"),
			 -1);
}

/* What each option lacks: told at once, whatever way Kconfig has to say it. */
static const char kconfig[] =
	"mainmenu \"x\"\n"
	"source \"arch/$(SRCARCH)/Kconfig\"\n"
	"config EXPERT\n\tbool \"e\"\n"
	"menu \"m\"\n\tdepends on TOP\n"
	"config IN_MENU\n\tbool \"in\" if EXPERT\n\thelp\n\t  config HELP\n\n\t  if it were read\n"
	"endmenu\n"
	"if TOP && \\\n   EXPERT\n"
	"config IN_IF\n\tbool\n\tprompt \"in\"\n"
	"endif # TOP\n"
	"config TOP\n\tbool \"t\"\n\tdepends on $(success,test -n \"a)b\")\n"
	"config DEEP\n\tbool \"d\"\n\tdepends on (IN_MENU && HIDDEN) || MMU\n"
	"config HIDDEN\n\tbool\n"
	"config SELECTS\n\ttristate \"s\"\n\tselect HIDDEN if EXPERT\n"
	"config NEVER\n\tbool \"n\"\n\tdepends on PAGED\n"
	"config PAGED\n\tdef_bool y\n\tdepends on MMU\n"
	"config NOT\n\tbool \"n\"\n\tdepends on !EXPERT_OFF && MODE=\"fast\"\n"
	"config EXPERT_OFF\n\tbool \"o\"\n"
	"config MODE\n\tstring \"m\"\n"
	"choice\n\tprompt \"c\"\n"
	"config ONE\n\tbool \"1\"\nconfig TWO\n\tbool \"2\"\n"
	"endchoice\n"
	"config ANY\n\tbool \"a\"\n\tdepends on ONE=y || TWO != n\n"
	"config NUMBER\n\tint \"n\"\n\trange 1 9\n\tdefault 1\n";

static void check_needs(const char *config, const char *fragment, const char *why, const char *cure)
{
	put("overlay/Kconfig", kconfig);
	put("overlay/arch/sd/Kconfig", "config MMU\n\tdef_bool n\n");
	assert_int_equal(check_fragment(config, fragment, why), -1);
	assert_int_equal(check_fragment(config, fragment, cure), -1);
}

static void test_kconfig_needs(void **state)
{
	put("some/arch/x86/Kconfig", "config X86\n\tbool\n");
	check_needs("\n", "CONFIG_IN_MENU=y\n", ": IN_MENU needs TOP and EXPERT",
		    "\n\t\tCONFIG_TOP=y\n\t\tCONFIG_EXPERT=y\n");
	check_needs("\nCONFIG_TOP=y\n", "CONFIG_IN_IF=y\n", ": IN_IF needs EXPERT\n",
		    "drop the line:\n\t\tCONFIG_EXPERT=y\n");
	/* the whole chain, with the lines of the fragment left out */
	check_needs(
		"\n", "CONFIG_TOP=y\nCONFIG_DEEP=y\n",
		": DEEP needs IN_MENU and HIDDEN; IN_MENU needs TOP and EXPERT; "
		"HIDDEN is selected by SELECTS and EXPERT\n",
		"drop the line:\n\t\tCONFIG_EXPERT=y\n\t\tCONFIG_IN_MENU=y\n\t\tCONFIG_SELECTS=y\n");
	check_needs("\n", "CONFIG_NEVER=y\n",
		    ": NEVER needs PAGED, which needs MMU, which arch/sd doesn't have",
		    "cure: drop the line");
	check_needs("\nCONFIG_EXPERT_OFF=y\n", "CONFIG_NOT=y\n", ": NOT needs EXPERT_OFF off",
		    "drop the line");
	check_needs("\n", "CONFIG_NOT=y\n", ": NOT needs MODE=fast", "drop the line");
	check_needs("\nCONFIG_ONE=y\n", "CONFIG_TWO=y\n", ": it is one of a choice, which is ONE",
		    "cure: drop the line, or CONFIG_ONE=y");
	check_needs("\n", "CONFIG_ANY=y\n", ": ANY needs ONE\n", "\n\t\tCONFIG_ONE=y\n");
	check_needs("\nCONFIG_NUMBER=9\n", "CONFIG_NUMBER=99\n", "it is int, and became 9",
		    "range");
	check_needs("\n", "CONFIG_X86=y\n", "only arch/x86/Kconfig has it", "can't be had here");
	check_needs("\n", "CONFIG_SELECT=y\n", "no such option: CONFIG_SELECT=y",
		    "similar names here: SELECTS");
	check_needs("\n", "CONFIG_HELP=y\n", "no such option: CONFIG_HELP=y", "correct the name");
}

/* ---- the runtime among the units ---- */

static int check_units(const char *const *sources, size_t n, bool stubs, const char *wanted)
{
	struct tu tus[8] = {};
	struct compdb db = {.overlay = top, .tus = tus, .ntus = n};
	int r, old = listen_stderr();
	char *text;

	for (size_t i = 0; i < n; i++)
		tus[i].source = (char *)sources[i];
	r = compdb_check_runtime(&db, stubs);
	text = said(old);
	if (wanted)
		assert_non_null(strstr(text, wanted));
	else
		assert_string_equal(text, "");
	free(text);
	return r;
}

static void test_runtime(void **state)
{
	static const char *const all[] = {"init/main.c", "arch/sd/kernel/init.c",
					  "arch/sd/rt/core/server.c", "arch/sd/rt/kernel/main.c",
					  "arch/sd/gen/server.c"};

	assert_int_equal(check_units(all, 5, true, NULL), 0);
	assert_int_equal(check_units(all, 4, false, NULL), 0);
	assert_int_equal(check_units(all, 4, true, "compiled no arch/sd/gen/server.c"), -1);
	assert_int_equal(check_units(all, 3, false, "compiled no arch/sd/rt/kernel/main.c"), -1);
}

/* ---- stubs of another tree ---- */

static void check_stubs(const char *folder, const char *wanted)
{
	struct spec spec = {.name = "x", .generated = at(folder)};
	int old = listen_stderr();
	char *text;

	stubs_compare(&spec);
	text = said(old);
	if (wanted)
		assert_non_null(strstr(text, wanted));
	else
		assert_string_equal(text, "");
	free(text);
	free(spec.generated);
}

static void test_stubs(void **state)
{
	setenv("KSLICE_REPO", top, 1);
	put("generated/x/stubs_abi.h", "1");
	put("generated/x/server.c", "a");
	put("same/stubs_abi.h", "1");
	put("same/server.c", "a");
	put("text/stubs_abi.h", "1");
	put("text/server.c", "b");
	put("abi/stubs_abi.h", "2");
	put("abi/server.c", "b");
	put("more/stubs_abi.h", "1");
	put("more/server.c", "a");
	put("more/client.c", "c");
	check_stubs("generated/x", NULL);
	check_stubs("same", NULL);
	check_stubs("text", " server.c\n        their ABI is the same");
	check_stubs("abi", "their ABI differs");
	check_stubs("more", ": client.c\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_text),
		cmocka_unit_test_setup_teardown(test_tree_words, enter, leave),
		cmocka_unit_test_setup_teardown(test_kconfig, enter, leave),
		cmocka_unit_test_setup_teardown(test_kconfig_needs, enter, leave),
		cmocka_unit_test_setup_teardown(test_runtime, enter, leave),
		cmocka_unit_test_setup_teardown(test_stubs, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
