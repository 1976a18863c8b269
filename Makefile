# SPDX-License-Identifier: GPL-2.0-only
#
# scx_qumun: `make help` lists what can be made. V=1 shows the commands.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
VERSION := 0.1.0-$(VERSION)

# --- Tools -----------------------------------------------------------------

# The newest clang there is, unless CLANG names one: distributions often call
# it clang-NN only. BPF needs one anyway; the host code is built with CC.
CLANG ?= $(or $(shell for n in 22 21 20 19 18 17; do command -v clang-$$n && break; done),clang)
BPFTOOL ?= $(or $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool),bpftool)
INSTALL ?= install

PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
O ?= build

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# --- Flags -----------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef
CFLAGS ?= -O2 -g
HOST_CPPFLAGS = -D_GNU_SOURCE -DQUMUN_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(O) $(SCREEN_CPPFLAGS)
HOST_CFLAGS := -std=gnu11 $(WARNINGS) '-ffile-prefix-map=$(CURDIR)=.'

# The BPF backend knows no include path for the host's multiarch headers.
BPF_ARCH := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
BPF_CFLAGS := -g -O2 --target=bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) \
	-Wall -Wextra -Wno-unused-parameter -Wno-missing-declarations '-ffile-prefix-map=$(CURDIR)=.' \
	-Ivmlinux -Iinclude -Ibpf

# libbpf, libelf, zlib, jansson and inih are linked statically where their archives are
# complete, so that the binary also runs where they are not installed; some
# distributions ship a libelf.a that lacks symbols, and there it is dynamic.
STATIC_LIBS := -Wl,-Bstatic -lbpf -lelf -lz -ljansson -linih $(shell pkg-config --exists libzstd 2>/dev/null && echo -lzstd) -Wl,-Bdynamic
can_link = $(shell echo 'int bpf_object__load(void *); void *json_null(void); \
	int ini_parse(void); int main(void) { return bpf_object__load(json_null()) + ini_parse(); }' | \
	$(CC) -x c - -o /dev/null $(1) 2>/dev/null && echo yes)
BASE_LIBS = $(eval BASE_LIBS := $$(if $$(call can_link,$$(STATIC_LIBS)),$$(STATIC_LIBS),-lbpf -lelf -lz -ljansson -linih))$(BASE_LIBS)

# `scx_qumun pick` has a full screen where ncursesw is; SCREEN=no leaves it out.
SCREEN ?= $(shell pkg-config --exists ncursesw 2>/dev/null && echo yes || echo no)
ifeq ($(SCREEN),yes)
SCREEN_CPPFLAGS := -DHAVE_NCURSESW
DYNAMIC_SCREEN_LIBS := $(shell pkg-config --libs-only-l ncursesw 2>/dev/null)
STATIC_SCREEN_LIBS := -Wl,-Bstatic $(DYNAMIC_SCREEN_LIBS) -Wl,-Bdynamic
can_link_screen = $(shell echo 'int initscr(void); int tigetstr(void); int main(void) { return initscr() + tigetstr(); }' | \
	$(CC) -x c - -o /dev/null $(1) 2>/dev/null && echo yes)
SCREEN_LIBS = $(eval SCREEN_LIBS := $$(if $$(call can_link_screen,$$(STATIC_SCREEN_LIBS)),$$(STATIC_SCREEN_LIBS),$$(DYNAMIC_SCREEN_LIBS)))$(SCREEN_LIBS)
endif
LIBS = $(BASE_LIBS) $(SCREEN_LIBS)

# --- Files -----------------------------------------------------------------

SRCS := $(filter-out $(if $(filter yes,$(SCREEN)),,src/pick_screen.c),$(wildcard src/*.c))
OBJS := $(SRCS:src/%.c=$(O)/src/%.o)
SKEL := $(O)/scx_qumun.skel.h
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(UNIT_SRCS:tests/unit/%.c=$(O)/unit/%)
UNIT_ASAN_TESTS := $(UNIT_SRCS:tests/unit/%.c=$(O)/unit-asan/%)
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_TARGETS := $(FUZZ_SRCS:tests/fuzz/%.c=$(O)/fuzz/%)
# Of the daemon: what makes the lists of CPUs that the BPF programs search.
SIM_SRCS := $(wildcard tests/sim/*.c) src/placement.c src/util.c
VM_SRCS := $(filter-out %.bpf.c,$(wildcard tests/vm/*.c)) tests/lib/load.c src/util.c

.DELETE_ON_ERROR:
.SECONDARY:

.PHONY: all
all: scx_qumun ## build ./scx_qumun (default)

scx_qumun: $(OBJS)
	$(say) LINK $@
	$(Q)$(CC) $(HOST_CFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(O)/src/%.o: src/%.c | $(SKEL)
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) -MMD -MP $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

# The version is in the text of --version, and changes without any file doing so.
$(O)/src/options.o: $(O)/version
.PHONY: version-check
version-check:
$(O)/version: version-check
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@

# need TOOL: a missing one is answered with the command that mends it.
need = @command -v '$(firstword $(1))' >/dev/null || \
	{ echo '$(firstword $(1)) not found; run: scripts/install-deps.sh build' >&2; exit 1; }

$(O)/scx_qumun.bpf.o: bpf/scx_qumun.bpf.c
	$(call need,$(CLANG))
	$(say) BPF $<
	@mkdir -p $(@D)
	$(Q)$(CLANG) -MMD -MP $(BPF_CFLAGS) -c $< -o $@

# We attach the scheduler ourselves, so that the skeleton needs no place for its
# link; and the field that bpftool 7.5 sets for that is missing in libbpf 1.4.
$(SKEL): $(O)/scx_qumun.bpf.o
	$(call need,$(BPFTOOL))
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen object $(O)/scx_qumun.linked.o $<
	$(Q)$(BPFTOOL) gen skeleton $(O)/scx_qumun.linked.o name scx_qumun | \
		sed '/map->link = &obj->links\./d' > $@

-include $(wildcard $(O)/*.d $(O)/src/*.d $(O)/unit/*.d $(O)/unit-asan/*.d $(O)/fuzz/*.d $(O)/vm/*.d)

# --- Tests -----------------------------------------------------------------

# A unit test names the sources that it is linked with in its first lines.
units_of = $(shell sed -n '1,5s|.*/\* units: \(.*\) \*/.*|\1|p' $(1))
UNIT_LIBS := -lcmocka -Wl,--as-needed -ljansson -linih
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

.SECONDEXPANSION:
$(O)/unit/%: tests/unit/%.c $$(call units_of,tests/unit/$$*.c)
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) -MMD -MP -MF $@.d $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) $(filter %.c,$^) $(UNIT_LIBS) -o $@

$(O)/unit-asan/%: tests/unit/%.c $$(call units_of,tests/unit/$$*.c)
	$(say) ASAN $@
	@mkdir -p $(@D)
	$(Q)$(CC) -MMD -MP -MF $@.d $(HOST_CPPFLAGS) $(HOST_CFLAGS) -O1 -g $(SANITIZE) $(filter %.c,$^) $(UNIT_LIBS) -o $@

# libFuzzer is a part of clang. A target names its sources as a unit test does.
$(O)/fuzz/%: tests/fuzz/%.c $$(call units_of,tests/fuzz/$$*.c)
	$(say) FUZZ $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) -MMD -MP -MF $@.d $(HOST_CPPFLAGS) $(HOST_CFLAGS) -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
		$(filter %.c,$^) -Wl,--as-needed -ljansson -linih -o $@

.PHONY: fuzz
fuzz: $(FUZZ_TARGETS) ## feed hostile input to what reads such (FUZZ_SECONDS=60 for each)
	$(Q)FUZZ_SECONDS='$(or $(FUZZ_SECONDS),60)' tests/fuzz/run.sh $(O)/fuzz

# The BPF programs on a simulated machine: libbpf's headers are replaced by our own.
SIM_CPPFLAGS := -D_GNU_SOURCE -Itests/sim/include -Ivmlinux -Iinclude -Ibpf -Isrc -Itests/sim
# vmlinux.h has pragmas for BPF, which neither gcc nor clang for the host knows.
SIM_CFLAGS := $(HOST_CFLAGS) -Wno-unknown-pragmas -Wno-unknown-attributes
SIM_DEPS := $(SIM_SRCS) $(wildcard tests/sim/*.h tests/sim/include/bpf/*.h bpf/* include/*.h vmlinux/*.h src/placement.h src/topology.h src/util.h)

$(O)/sim/sim: $(SIM_DEPS)
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(SIM_CPPFLAGS) $(SIM_CFLAGS) $(CFLAGS) $(SIM_SRCS) -lm -o $@

$(O)/sim-asan/sim: $(SIM_DEPS)
	$(say) ASAN $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(SIM_CPPFLAGS) $(SIM_CFLAGS) -O1 -g $(SANITIZE) $(SIM_SRCS) -lm -o $@

# The whole daemon with sanitizers: the command-line tests run it too.
$(O)/scx_qumun-asan: $(SRCS) | $(SKEL)
	$(say) ASAN $@
	$(Q)$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) -O1 -g $(SANITIZE) $(SRCS) $(LIBS) -o $@

.PHONY: asan
asan: $(O)/scx_qumun-asan $(UNIT_ASAN_TESTS) ## build host code and unit tests with ASan and UBSan

# What runs inside the test VMs: one static program with all VM tests.
$(O)/vm/vmtest: $(VM_SRCS) $(wildcard tests/vm/*.h tests/lib/*.h)
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) -static $(VM_SRCS) -lm -o $@

$(O)/vm/other.bpf.o: tests/vm/other.bpf.c vmlinux/vmlinux.h
	$(say) BPF $<
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# The comparison that `make run` shows where it cannot run the scheduler itself.
$(O)/demo: tests/demo/demo.c tests/lib/load.c src/util.c tests/lib/load.h src/util.h
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) $(filter %.c,$^) -o $@

# What the benchmark runs in its VMs where no field tool does it; static.
BENCH_PROGRAMS := wakeup shares speed work callbacks pit
$(O)/bench/%: tests/bench/%.c tests/bench/common.c tests/lib/load.c tests/bench/common.h tests/lib/load.h
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) -static $(filter %.c,$^) -lm -lpthread -o $@

# Schedulers that do nothing, to compare with. Not below bench/: that goes into each VM.
$(O)/floor.bpf.o: tests/bench/floor.bpf.c bpf/compat.bpf.h include/qumun.h vmlinux/vmlinux.h
	$(say) BPF $<
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/floor.skel.h: $(O)/floor.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name floor | sed '/map->link = &obj->links\./d' > $@

$(O)/floor: tests/bench/floor.c $(O)/floor.skel.h
	$(say) CC $@
	$(Q)$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) $< $(LIBS) -o $@

.PHONY: bench-programs
bench-programs: scx_qumun $(BENCH_PROGRAMS:%=$(O)/bench/%) $(O)/floor

.PHONY: bench
bench: ## compare schedulers side by side (SUITE= SCHED= CPUS= KERNEL= RUNS= BENCH_TIME=)
	$(Q)SUITE='$(SUITE)' SCHED='$(SCHED)' CPUS='$(CPUS)' KERNEL='$(KERNEL)' RUNS='$(RUNS)' \
		BENCH_TIME='$(BENCH_TIME)' scripts/bench

.PHONY: test-programs
test-programs: scx_qumun $(O)/scx_qumun-asan $(UNIT_TESTS) $(UNIT_ASAN_TESTS) $(FUZZ_TARGETS) \
	$(O)/sim/sim $(O)/sim-asan/sim $(O)/vm/vmtest $(O)/vm/other.bpf.o

.PHONY: test
test: ## install what is missing, build, run all tests (KERNELS='7.3 /boot/vmlinuz-x')
	$(Q)scripts/test.sh

.PHONY: test-runtimes
test-runtimes: ## boost real containers, units and users' commands in a VM with systemd (TESTS= KERNEL=)
	$(Q)scripts/install-deps.sh build vm runtimes
	$(Q)$(MAKE) -s --no-print-directory scx_qumun
	$(Q)KERNEL='$(KERNEL)' tests/runtimes/run.sh ./scx_qumun $(TESTS)

.PHONY: hour
hour: ## an hour of guest time under one load: do shares or waits drift? (KERNEL= SECONDS=)
	$(Q)KERNEL='$(KERNEL)' scripts/hour.sh $(SECONDS)

.PHONY: run
run: ## install what is missing, build, run the scheduler (ARGS=…), or show it in a VM (KERNEL=6.18)
	$(Q)scripts/run.sh $(ARGS)

# --- Housekeeping ------------------------------------------------------------

.PHONY: lint
lint: $(SKEL) ## cppcheck and shellcheck; both must be silent
	$(Q)scripts/install-deps.sh lint
	$(Q)cppcheck --quiet --std=c11 --language=c --enable=warning,portability,performance \
		--inline-suppr --suppress=missingIncludeSystem --error-exitcode=1 \
		-D_GNU_SOURCE -Iinclude -Isrc src tests/unit tests/vm
	$(Q)shellcheck -x scripts/*.sh scripts/bench scripts/lib/*.sh tests/cli/*.sh \
		tests/runtimes/*.sh .ci/run

.PHONY: compile_commands.json
compile_commands.json: ## for editors and clang tools
	$(Q)scripts/compile-commands.sh '$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS)' \
		'$(CLANG) $(BPF_CFLAGS)' > $@

.PHONY: install
install: scx_qumun ## install below $(DESTDIR)$(PREFIX)
	$(say) INSTALL '$(DESTDIR)$(PREFIX)/sbin/scx_qumun'
	$(Q)$(INSTALL) -D -m 0755 scx_qumun '$(DESTDIR)$(PREFIX)/sbin/scx_qumun'
	@# `scx_qumun run` is for everybody, and a normal user's PATH may lack sbin.
	$(Q)$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin'
	$(Q)ln -sf ../sbin/scx_qumun '$(DESTDIR)$(PREFIX)/bin/scx_qumun'
	$(Q)$(INSTALL) -d '$(DESTDIR)$(UNITDIR)'
	$(Q)sed 's|@SBINDIR@|$(PREFIX)/sbin|' scripts/dist/scx_qumun.service.in > \
		'$(DESTDIR)$(UNITDIR)/scx_qumun.service'

# On this machine, not below $(DESTDIR), the service ends first; one from elsewhere does not.
.PHONY: uninstall
uninstall: ## stop and disable the service, remove what install has installed
	$(Q)if [ -z '$(DESTDIR)' ] && [ "$$(systemctl show -P FragmentPath scx_qumun 2>/dev/null)" = \
			'$(UNITDIR)/scx_qumun.service' ]; then \
		echo 'systemctl disable --now scx_qumun' && systemctl -q disable --now scx_qumun; \
	fi
	$(Q)rm -f '$(DESTDIR)$(PREFIX)/sbin/scx_qumun' '$(DESTDIR)$(PREFIX)/bin/scx_qumun' \
		'$(DESTDIR)$(UNITDIR)/scx_qumun.service'

.PHONY: clean
clean: ## remove what was built
	$(Q)rm -rf $(O) scx_qumun compile_commands.json

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26
	@echo "Variables: V=1 shows the commands; DEMO=1 makes 'run' show the comparison on this machine;"
	@echo "CC, CLANG, BPFTOOL, CFLAGS, LDFLAGS, PREFIX, DESTDIR, UNITDIR, O as usual."
