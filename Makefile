# Hotline Relay. `make help` lists what there is to make.
#   make deps demo      on a fresh machine: the main job, live
#   make deps test      on a fresh machine: every test
# SAN=address,undefined builds side by side in build-asan-ubsan/; BUILD=dir builds anywhere else.
# COVER=1 counts lines and branches, FAILPOINTS=1 compiles the places to die at in (proto/failpoint.h): tests only.

SAN ?=
COVER ?=
FAILPOINTS ?=
comma := ,
CC = gcc

BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(COVER),-cover)$(if $(FAILPOINTS),-fail)
Q := $(if $(V),,@)

PACKAGES = libzmq libsodium libuv libprotobuf-c sqlite3 libmicrohttpd jansson yaml-0.1 libcurl
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Werror
HARDEN = -fstack-protector-strong -fPIE $(if $(SAN)$(COVER),,-D_FORTIFY_SOURCE=2)
CFLAGS = -std=c11 $(if $(COVER),-O0 --coverage -fprofile-update=atomic,-O2) -g $(WARNINGS) $(if $(COVER),-Wno-maybe-uninitialized) $(HARDEN) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CPPFLAGS = -D_POSIX_C_SOURCE=200809L $(if $(FAILPOINTS),-DFAILPOINTS) $(if $(findstring fuzzer,$(SAN)),-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION) -I. -I$(BUILD)/gen -include proto/banned.h
LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(if $(SAN),-fsanitize=$(SAN)) $(if $(COVER),--coverage)
# Asked when first needed, not when this file is read: `make deps demo` installs them on the way.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES) | tr ' ' '\n' | sed 's/^-I/-isystem/' | tr '\n' ' '))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)
LIBS = $(PKG_LIBS) -lpthread -lm

schemas := $(wildcard proto/*.proto node/*.proto)
gen_c := $(schemas:%.proto=$(BUILD)/gen/%.pb-c.c)
gen_h := $(gen_c:.c=.h)
object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# The schemas of proto/ and of node/ are compiled without the house's warnings: a generator wrote them.
gen_object = $(patsubst $(BUILD)/gen/%.c,$(BUILD)/obj/gen/%.o,$(1))

proto_c := $(wildcard proto/*.c)
relay_c := $(filter-out relay/main.c,$(wildcard relay/*.c))
node_c := $(filter-out node/main.c,$(wildcard node/*.c))
cli_c := $(wildcard node/cli/*.c)
bench_c := $(wildcard tests/bench/*.c)
tests_c := $(wildcard tests/unit/test_*.c)
tests := $(tests_c:tests/unit/%.c=$(BUILD)/tests/%)
sim_c := $(wildcard tests/sim/*.c)
fuzz_c := $(wildcard tests/fuzz/fuzz_*.c)
replays := $(fuzz_c:tests/fuzz/fuzz_%.c=$(BUILD)/tests/replay_%)
libs := $(BUILD)/libnode.a $(BUILD)/librelay.a $(BUILD)/libproto.a
programs := $(BUILD)/hotline-relay $(BUILD)/hotline-node $(BUILD)/hotline

.PHONY: all web web-assets deps test check unit e2e lint demo fuzz fuzzers bench vectors kill sim crash torture format tidy analyze install clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(programs) ## build the three programs into build/

# The console's browser side. The tools come by web/package-lock.json, which holds their digests.
web_sources := $(wildcard web/build.mjs web/tsconfig.json web/locales/*.json web/src/*.* web/src/*/*.*) config/country/borders.txt
$(BUILD)/web/index.html: web/build.sh web/package.json web/package-lock.json web/plain/index.html $(web_sources)
	$(Q)web/build.sh $(abspath $(BUILD))/web $(WEB)

web-assets: $(BUILD)/web/index.html ## the console's pages and scripts into build/web/

web: $(programs) web-assets ## browser tests of the console in Chromium (T=life, ...: tests/web/run.sh says which)
	@tests/web/run.sh $(BUILD) $(T)

help: ## this list
	@echo "make [SAN=address,undefined] TARGET"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1	\2/p' $(MAKEFILE_LIST) | expand -t 14

deps: ## install what is missing on Debian 12 (as root), and say what
	@sh config/deps.sh

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: %.proto
	@mkdir -p $(BUILD)/gen
	$(Q)protoc-c --proto_path=. --c_out=$(BUILD)/gen $<

# The console's files, embedded: what web-assets makes. WEB=built: nothing less will do; WEB=plain: one page that says so;
# otherwise that page only where npm cannot fetch the tools, and loudly.
WEB ?= auto
web_folder := $(if $(filter plain,$(WEB)),web/plain,$(BUILD)/web)
$(BUILD)/gen/web_assets.c: $(web_folder)/index.html web/embed.py node/web_assets.h
	@mkdir -p $(BUILD)/gen
	$(Q)web/embed.py $(web_folder) $@

# The codes in the console's other languages, for the command line.
locales := $(filter-out web/locales/en.json,$(wildcard web/locales/*.json))
$(BUILD)/gen/case_phrases.c: $(locales) web/phrases.py
	@mkdir -p $(BUILD)/gen
	$(Q)web/phrases.py $(locales) >$@

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c | $(gen_h)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -O2 -g $(HARDEN) $(if $(SAN),-fsanitize=$(SAN)) -I. -I$(BUILD)/gen $(PKG_CFLAGS) -c -o $@ $<

$(BUILD)/obj/%.o: %.c | $(gen_h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

# Closing what a started program must not inherit is the C library's own.
$(BUILD)/obj/node/hook_link_run.o: CPPFLAGS += -D_GNU_SOURCE

$(BUILD)/libproto.a: $(call object,$(proto_c)) $(call gen_object,$(filter $(BUILD)/gen/proto/%,$(gen_c))) \
	$(BUILD)/obj/gen/case_phrases.o
$(BUILD)/librelay.a: $(call object,$(relay_c))
$(BUILD)/libnode.a: $(call object,$(node_c)) $(call gen_object,$(filter $(BUILD)/gen/node/%,$(gen_c))) \
	$(BUILD)/obj/gen/web_assets.o
$(libs):
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/hotline-relay: $(BUILD)/obj/relay/main.o $(BUILD)/librelay.a $(BUILD)/libproto.a
$(BUILD)/hotline-node: $(BUILD)/obj/node/main.o $(BUILD)/libnode.a $(BUILD)/libproto.a
$(BUILD)/hotline: $(call object,$(cli_c)) $(BUILD)/libproto.a
ifneq ($(COVER),)
# A daemon that a test kills has written its counts (tests/e2e/lib.sh).
$(BUILD)/hotline-relay $(BUILD)/hotline-node: $(BUILD)/obj/tests/cover/counts.o
endif
# The XML parser and SHA-1 are the command line's alone: the daemons never see them.
$(BUILD)/hotline: LIBS += -lexpat -lnettle
# Decoders of pictures, and the filter that they run under, are the node's alone.
$(BUILD)/hotline-node $(tests) $(replays): LIBS += -ljpeg -lpng -lseccomp -lqrencode
$(BUILD)/hotline-bench: LIBS += -ljpeg -lpng -lseccomp -lqrencode
# HMAC-SHA-1 of one-time codes.
$(BUILD)/hotline-node $(replays) $(BUILD)/hotline-bench: LIBS += -lnettle
$(BUILD)/hotline-bench: $(call object,$(bench_c)) $(BUILD)/libnode.a $(BUILD)/libproto.a
$(programs) $(BUILD)/hotline-bench:
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lexpat -lnettle -lcmocka

# The judge of every simulated run is judged itself.
$(filter $(BUILD)/tests/test_checker%,$(tests)): $(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o \
		$(call object,$(wildcard tests/sim/checker*.c) tests/sim/history.c) $(libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lexpat -lnettle -lcmocka

# What the targets reach beyond the programs' own libraries.
fuzz_libs := -ljpeg -lpng -lseccomp -lqrencode -lexpat -lnettle -lcmocka
$(BUILD)/tests/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay_main.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(fuzz_libs)

$(BUILD)/tests/replay_api $(BUILD)/tests/torture_api $(BUILD)/fuzz/fuzz_api: LDFLAGS += -Wl,--wrap=clock_wall_us,--wrap=clock_steady_us

$(BUILD)/tests/make_seeds: $(BUILD)/obj/tests/fuzz/make_seeds.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(fuzz_libs)

# Allocations and calls to the disk that fail in turn: the program itself stands in front of glibc's.
torture_c := $(wildcard tests/torture/torture_*.c)
tortures := $(torture_c:tests/torture/%.c=$(BUILD)/tests/%)
$(BUILD)/tests/torture_%: $(BUILD)/obj/tests/torture/torture_%.o $(BUILD)/obj/tests/torture/torture.o $(BUILD)/obj/tests/torture/runs.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS) $(fuzz_libs)

$(BUILD)/obj/tests/torture/torture.o $(BUILD)/obj/tests/torture/runs.o: CPPFLAGS += -D_GNU_SOURCE $(if $(COVER),-DCOVER) # for the names that SQLite calls: pwrite64 and the like

torture: $(tortures) ## every allocation and call to the disk failing in turn; SECONDS=n for a sample
	@tests/torture/run.sh $(BUILD) $(SECONDS)

# The same sources under clang's libFuzzer: made by tests/fuzz/run.sh, which sets CC, SAN and BUILD.
fuzzers := $(fuzz_c:tests/fuzz/fuzz_%.c=$(BUILD)/fuzz/fuzz_%)
$(BUILD)/fuzz/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS) $(fuzz_libs)
fuzzers: $(fuzzers)

$(BUILD)/sim/hotline-sim: $(call object,$(filter-out tests/sim/crash.c,$(sim_c))) $(libs)
$(BUILD)/sim/hotline-crash: $(call object,$(filter-out tests/sim/main.c,$(sim_c))) $(libs)
# Arithmetic on curves that a network in one process does many times on the same bytes: tests/sim/pure.c.
sim_pure := sign_verify_detached sign_detached sign_seed_keypair core_ed25519_is_valid_point scalarmult_base box_beforenm
$(BUILD)/sim/hotline-sim $(BUILD)/sim/hotline-crash:
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $(sim_pure:%=-Wl,--wrap=crypto_%) -Wl,--wrap=err_check_failed -o $@ $^ $(LIBS) -ljpeg -lpng -lseccomp -lqrencode -lnettle

sim: $(BUILD)/sim/hotline-sim ## a network in one process: SEED=n HOURS=n SCENARIO=name (or all) SEEDS=n
	@$< $(if $(filter all,$(SCENARIO)),--all,--scenario $(or $(SCENARIO),random)) --seed $(or $(SEED),1) \
		--hours $(or $(HOURS),24) --seeds $(or $(SEEDS),1) --relays $(or $(RELAYS),3) --nodes $(or $(NODES),12)

crash: $(BUILD)/sim/hotline-crash ## crash images of the real stores, with synchronous=NORMAL as the control: N=images
	@$< $(or $(N),10000) $(or $(SEED),1)

unit: $(tests) $(replays) ## unit tests, and the fuzz corpora replayed
	@tests/run unit $(BUILD)

e2e: $(programs) ## end-to-end tests with the real programs
	@tests/run e2e $(BUILD)

lint: ## layers, header self-containment, documented prototypes, sample configs
	@tests/run lint $(BUILD)

test: ## everything that CI runs: lint, unit, sanitizers, end to end
	@tests/run all

check: test ## the same as test

demo: $(programs) ## an authority, two relays and five hotlines on loopback; one case crosses five borders
	@config/demo/demo.sh $(BUILD)

$(BUILD)/tests/make_vectors: $(BUILD)/obj/tests/vectors/make_vectors.o $(BUILD)/libproto.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/malformed: $(BUILD)/obj/tests/e2e/malformed.o $(BUILD)/libproto.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# A race on purpose, that the thread sanitizer must tell of: SAN=thread.
$(BUILD)/tests/thread_control: $(BUILD)/obj/tests/threads/control.o $(BUILD)/libproto.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

vectors: $(BUILD)/tests/make_vectors ## the golden vectors anew, into tests/vectors/
	@$< tests/vectors

bench: $(programs) $(BUILD)/hotline-bench ## fan-out figures; what they mean is in docs/performance.md
	@$(BUILD)/hotline-bench fanout --subs 32 --count 500 --size 2048 --window 64

fuzz: ## each fuzz target for 60 s with libFuzzer (clang); T=target, SECONDS=n, RESULTS=file to append a line to
	@RESULTS=$(RESULTS) tests/fuzz/run.sh $(or $(SECONDS),60) $(T)

kill: $(programs) ## 500 cases while relays and nodes are killed at random; SECONDS=n: round after round, RESULTS=file
	@SECONDS_LONG=$(SECONDS) tests/fault/kill.sh $(BUILD) $(or $(CASES),$(if $(SECONDS),100,500))

.PHONY: fault cover plant tsan
fault: $(programs) ## real processes under every fault: kills at named points, lines, partitions, disks, clocks
	@FAULT=all tests/run fault $(BUILD)

tsan: $(programs) ## relay and node with all their threads at work, under the thread sanitizer: no report
	@tests/run threads $(BUILD)

plant: $(programs) $(tests) ## wrong changes planted one at a time: the suite must catch each (tests/plant/bugs.py)
	@tests/plant/plant.py $(BUILD)

SOAK ?= $(BUILD)/soak
.PHONY: soak soak-report
soak: $(programs) $(BUILD)/sim/hotline-sim $(BUILD)/sim/hotline-crash $(BUILD)/tests/malformed ## a piece of the long run, MINUTES=30: goes on in SOAK=folder, sums into docs/soak.md
	@tests/soak/soak.py $(BUILD) $(SOAK) $(or $(MINUTES),30) $(JOBS)

soak-report: ## the sums of SOAK=folder into docs/soak.md
	@tests/soak/soak.py --report $(SOAK)

cover: ## lines and branches that the tests and the simulator reach, against the gates of tests/cover/gates
	@tests/run cover

format: ## clang-format in place
	@clang-format -i $$(git ls-files '*.c' '*.h')

tidy: ## clang-tidy over every source
	@clang-tidy --quiet $$(git ls-files '*.c' | grep -v '^tests/') -- -std=c11 $(CPPFLAGS) $(PKG_CFLAGS)

analyze: ## cppcheck over every source
	@cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -I. -Ibuild/gen proto relay node

prefix ?= /usr/local
install: $(programs) ## programs, units and sample configs under $(prefix)
	@[ "$(WEB)" = plain ] || [ ! -e $(BUILD)/web.plain ] || { echo "make: the browser console was left out of this build: \`rm -r $(BUILD)/web && make WEB=built\` says why, make WEB=plain means it" >&2; exit 1; }
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)/etc/hotline $(DESTDIR)/lib/systemd/system
	install -m 755 $(programs) $(DESTDIR)$(prefix)/bin
	install -m 644 config/relay.yaml config/node.yaml $(DESTDIR)/etc/hotline
	install -m 644 config/systemd/*.service $(DESTDIR)/lib/systemd/system

clean: ## remove every build folder
	rm -rf build build-*

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
