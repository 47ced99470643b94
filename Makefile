# SPDX-License-Identifier: GPL-2.0
# Everyday targets. The work is done by CMake + ninja (host programs) and `kslice build` (images).
BUILD := build
comma := ,
CMAKE := $(BUILD)/cmake
# Those that can carry specs/debug/poison.config, and one of those that can carry kasan.config: it takes minutes.
KASAN := block
POISON := $(basename $(notdir $(shell grep -l CONFIG_SYSFS=y specs/*.config)))
DOMAINS := $(filter-out schema,$(basename $(notdir $(wildcard specs/*.json))))
# One more than cores: many wait.
CTEST := ctest --test-dir $(CMAKE) --output-on-failure -j$(shell expr $$(nproc) + 1)
# One after the other: each keeps all cores busy.
build-each = @set -e; n=0; for d in $(DOMAINS); do n=$$((n + 1)); t=$$(date +%s); echo "== $$d$(1): $$n of $(words $(DOMAINS))"; \
	$(BUILD)/bin/kslice build $$d $(2); echo "== $$d$(1): $$(($$(date +%s) - t)) s"; done

.PHONY: all help deps tree image poison kasan whole demo test quick bench fuzz storm format clean install-deps

all: $(CMAKE)/build.ninja ## host programs: build/bin, build/lib
	@ninja -C $(CMAKE) --quiet

$(CMAKE)/build.ninja: | install-deps
	@cmake -S . -B $(CMAKE) -G Ninja -DCMAKE_C_COMPILER=gcc >$(BUILD)/cmake.log 2>&1 || \
		{ cat $(BUILD)/cmake.log; exit 1; }

install-deps: ## Debian packages that are missing
	@mkdir -p $(BUILD)
	@kernel-tree/install-deps.sh

tree: ## the pristine kernel tree, in the cache
	@kernel-tree/fetch.sh

# Stubs first: an image with `remote` cuts holds those of other domains.
image: all tree ## the domain of every spec in specs/
	@set -e; for d in $(DOMAINS); do $(BUILD)/bin/kslice stubs $$d; done
	$(call build-each)

poison: image ## the domains that can, as they look for faults in themselves (specs/README.md)
	@set -e; for d in $(POISON); do $(BUILD)/bin/kslice build $$d --debug=poison; done

kasan: image ## a domain that asks before every access to memory (KASAN=NAMES)
	@set -e; for d in $(KASAN); do $(BUILD)/bin/kslice build $$d --debug=kasan; done

whole: all tree ## the same configs, unsliced
	$(call build-each,$(comma) whole,--whole)

demo: ## from nothing to programs running on a domain
	@tests/e2e/demo.sh

test: all image poison kasan whole ## every test
	@$(CTEST)

quick: all ## tests that take seconds and need no kernel tree
	@$(CTEST) -L quick

bench: all image whole ## every figure beside native
	@/usr/bin/python3 tests/bench/bench.py

fuzz: all ## ring fuzzers, until interrupted (FUZZ_CASES=n)
	@tests/fault/fuzz.sh

storm: all ## storms of clients on every domain (STORM_SECONDS=n, STORM_SEED=n, KSLICE_DEBUG=poison or kasan; tests/storm/storm.py)
	@set -e; for d in $(DOMAINS); do STORM_SECONDS=$${STORM_SECONDS:-60} /usr/bin/python3 tests/storm/storm.py $$d; done

format: ## clang-format over what differs
	@git ls-files '*.c' '*.h' | grep -v ^generated/ | xargs clang-format-19 -i

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16
