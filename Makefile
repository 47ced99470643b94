# SPDX-License-Identifier: GPL-2.0
# Everyday targets. The work is done by CMake + ninja (host programs) and `kslice build` (images).
# Only packages, tests and the demo's network need root. Under sudo everything else runs as the calling user.
BUILD := build
comma := ,
CMAKE := $(BUILD)/cmake
AS := kernel-tree/as-builder.sh
# Domains that support specs/debug/poison.config, and one that supports kasan.config, which takes minutes.
KASAN := block
DEBUG := pipe
POISON := $(basename $(notdir $(shell grep -l CONFIG_SYSFS=y specs/*.config)))
DOMAINS := $(filter-out schema,$(basename $(notdir $(wildcard specs/*.json))))
# Where tests that run as root find the builder's files.
BUILDERS_CACHE := $(shell $(AS) --cache)
ifneq ($(BUILDERS_CACHE),)
export KSLICE_CACHE := $(BUILDERS_CACHE)
endif
# The kernel of `make test-tree`, and which domain of it `make test` builds.
TREE := 6.12
TREE_DOMAIN := net
# Of targets that take the default tree unless another one is given.
OF_TREE = $(if $(filter command,$(origin TREE)),--tree=$(TREE))
fetch-tree = case $(TREE) in (*/*) ;; (*) $(AS) kernel-tree/fetch.sh $(TREE) ;; esac
# A progress line on a terminal, and nothing elsewhere.
NINJA = $(AS) ninja -C $(CMAKE) $$([ -t 1 ] || echo --quiet)
# One more than cores, since many tests wait.
CTEST := ctest --test-dir $(CMAKE) --output-on-failure -j$(shell expr $$(nproc) + 1)
# Tests that run as root leave files owned by root.
run-tests = $(CTEST) $(1); s=$$?; $(AS) --own $(BUILD) $(BUILDERS_CACHE); exit $$s
# One after the other, since each build keeps all cores busy. Arguments: domains, suffix of the folder, options.
build-each = @set -e; n=0; for d in $(1); do n=$$((n + 1)); t=$$(date +%s); echo "== $$d$(2): $$n of $(words $(1))"; \
	$(AS) $(BUILD)/bin/kslice build $$d $(3); echo "== $$d$(2): $$(($$(date +%s) - t)) s"; done

.DEFAULT_GOAL := programs
.NOTPARALLEL:
.PHONY: programs all help tree image poison kasan debug whole docs tree-stubs other-tree turn-specs demo test test-tree test-specs check quick bench fuzz storm format clean \
	build-deps demo-deps quick-deps test-deps install deb

programs: $(CMAKE)/build.ninja ## kslice, kdom and the launcher: build/bin, build/lib
	@$(NINJA) programs

all: quick-deps $(CMAKE)/build.ninja ## also the tests' programs
	@$(NINJA)

$(CMAKE)/build.ninja: | build-deps
	@$(AS) sh -c 'mkdir -p $(BUILD) && cmake -S . -B $(CMAKE) -G Ninja -DCMAKE_C_COMPILER=gcc $(if $(WERROR),-DKSLICE_WERROR=ON) >$(BUILD)/cmake.log 2>&1' || \
		{ cat $(BUILD)/cmake.log; exit 1; }

build-deps: # files left by an older checkout's `sudo make` become the builder's, too
	@kernel-tree/install-deps.sh kernel-tree/packages.txt
	@$(AS) --own $(BUILD) $(BUILDERS_CACHE)

demo-deps:
	@kernel-tree/install-deps.sh kernel-tree/packages.txt tests/e2e/packages.txt

quick-deps:
	@kernel-tree/install-deps.sh kernel-tree/packages.txt tests/lint/packages.txt

test-deps: ## all packages for building and testing (root)
	@kernel-tree/install-deps.sh kernel-tree/packages.txt tests/e2e/packages.txt tests/lint/packages.txt tests/packages.txt

tree: build-deps ## the pristine kernel tree, in the cache
	@$(AS) kernel-tree/fetch.sh

# Stubs first: an image with `remote` cuts contains those of other domains.
image: programs tree ## the domain of every spec in specs/, or of D=NAMES
	@set -e; for d in $(DOMAINS); do $(AS) $(BUILD)/bin/kslice stubs $$d; done
	$(call build-each,$(or $(D),$(DOMAINS)))

# The check of a slice, a quarter of a build, is made for the domains themselves; these are the same specs.
poison: image ## domains with checks of freed memory and locks (specs/README.md)
	$(call build-each,$(POISON),-poison,--debug=poison --no-verify)

kasan: image ## a domain that checks every memory access (KASAN=NAMES)
	$(call build-each,$(KASAN),-kasan,--debug=kasan --no-verify)

# The smallest domain that programs can use: debugging works the same for all. Also unsliced, for the kernel's own copies.
debug: image ## a domain with DWARF and exact call traces (DEBUG=NAMES): doc/DEBUGGING.md
	$(call build-each,$(DEBUG),-debug,--debug --no-verify)
	$(call build-each,$(DEBUG),-debug$(comma) whole,--debug --whole)

whole: programs tree ## the same configs, unsliced: for `make bench`, and for tests with the label `whole`
	$(call build-each,$(DOMAINS),$(comma) whole,--whole)

# TREE unpacked, with the stubs of all domains: an image with `remote` cuts contains those of others.
tree-stubs: programs
	@$(fetch-tree)
	@set -e; for d in $(DOMAINS); do $(AS) $(BUILD)/bin/kslice stubs --tree=$(TREE) $$d; done

other-tree: programs # a domain of another kernel, without `remote` cuts, for tests with the label `tree`
	@$(fetch-tree)
	$(call build-each,$(TREE_DOMAIN),@$(TREE),--tree=$(TREE))

turn-specs: programs tree # two specs of tests/specs, other ones each day, for tests with the label `specs`
	@/usr/bin/python3 tests/specs/run.py --turn --build; s=$$?; $(AS) --own $(BUILD) $(BUILDERS_CACHE); exit $$s

# With figures of the whole configurations where `make whole` has built them, and of another kernel: BESIDE=/boot/vmlinuz-...
docs: image ## the reports as pages, build/docs/NAME.html (D=NAMES, BESIDE=KERNEL)
	@set -e; for d in $(or $(D),$(DOMAINS)); do $(AS) $(BUILD)/bin/kslice report $$d --html=$(BUILD)/docs/$$d.html $(if $(BESIDE),--beside $(BESIDE)); done

demo: demo-deps ## from nothing to programs running on a domain (root)
	@tests/e2e/demo.sh

test: test-deps all image poison kasan debug whole other-tree turn-specs ## every test (root)
	@$(call run-tests)

# With S alone no domain, with D alone no spec.
test-tree: test-deps all tree tree-stubs ## TREE=VERSION or DIR: every domain (or D=NAMES) of that kernel with its stub tests, then test-specs (root)
	$(call build-each,$(or $(D),$(if $(S),,$(DOMAINS))),@$(TREE),--tree=$(TREE))
	@s=0; for d in $(or $(D),$(if $(S),,$(DOMAINS))); do $(BUILD)/bin/kslice test --tree=$(TREE) $$d || s=1; done; \
		[ -n "$(D)" -a -z "$(S)" ] || /usr/bin/python3 tests/specs/run.py --tree=$(TREE) $(S) || s=1; \
		$(AS) --own $(BUILD) $(BUILDERS_CACHE); exit $$s

test-specs: test-deps all tree ## every spec of tests/specs (or S=NAMES), from check to a program on it, as a table; TREE=VERSION or DIR (root)
	@$(if $(OF_TREE),$(fetch-tree))
	@/usr/bin/python3 tests/specs/run.py $(OF_TREE) $(S); s=$$?; $(AS) --own $(BUILD) $(BUILDERS_CACHE); exit $$s

quick: all ## tests that take seconds and need no kernel tree
	@$(call run-tests,-L '^quick$$')

# Without tests that need other images.
check: all image ## D=NAME: after a change to that domain: its image, its tests, and the quick ones (root)
	@[ -n "$(D)" ] || { echo "make check: which domain? make check D=net" >&2; exit 2; }
	@$(call run-tests,-L '^($(D)|quick)$$' -LE '^(whole|poison|kasan|debug|domains|tree|specs)$$')

bench: test-deps all image whole ## all benchmarks, compared with native Linux
	@/usr/bin/python3 tests/bench/bench.py

fuzz: all ## ring fuzzers, until interrupted (FUZZ_CASES=n)
	@tests/fault/fuzz.sh

storm: all ## storms of clients on every domain (STORM_SECONDS=n, STORM_SEED=n, KSLICE_DEBUG=poison or kasan; tests/storm/storm.py)
	@set -e; for d in $(DOMAINS); do STORM_SECONDS=$${STORM_SECONDS:-60} /usr/bin/python3 tests/storm/storm.py $$d; done

format: ## clang-format over changed files
	@git ls-files '*.c' '*.h' | grep -v -e ^generated/ -e ^tests/slicer/.*/ | xargs clang-format-19 -i

PREFIX ?= /usr/local
install: programs ## programs, stub library, pages and existing images, to PREFIX (/usr/local), below DESTDIR
	@cmake --install $(CMAKE) --prefix $(PREFIX)

# From the files that git tracks or doesn't ignore, i.e. those that would be committed.
DEB := $(BUILD)/deb
deb: ## Debian packages in build/deb; additional packages needed: debian/packages.txt
	@kernel-tree/install-deps.sh kernel-tree/packages.txt debian/packages.txt
	@rm -rf $(DEB) && $(AS) mkdir -p $(DEB)/kslice
	@git ls-files -coz --exclude-standard | $(AS) xargs -0 cp --parents -Pt $(DEB)/kslice
	@$(AS) sh -c 'cd $(DEB)/kslice && dpkg-buildpackage -b -us -uc'
	@lintian --fail-on error $(DEB)/*.changes

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16
