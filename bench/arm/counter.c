// A plugin of qemu-aarch64 that counts the instructions between two lines of the program's output. The emulator runs code
// in blocks without branches, so it counts how often each block runs.
//
// A line of 1000 + k bytes begins run k, a line of 999 bytes ends it. Then the plugin writes to the standard error stream:
// `RUN k INSTRUCTIONS`, and for each block that multiplies vectors `BLOCK TIMES INSTRUCTION; INSTRUCTION; …`.

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The part of the emulator's interface that is used here: version 1, QEMU 7.
typedef uint64_t plugin_id;
struct tb;
struct insn;
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct tb *, int operation, void *counter, uint64_t step);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, void (*)(plugin_id, unsigned cpu, int64_t number, uint64_t, uint64_t,
    uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
size_t qemu_plugin_tb_n_insns(const struct tb *);
struct insn *qemu_plugin_tb_get_insn(const struct tb *, size_t);
const void *qemu_plugin_insn_data(const struct insn *);
char *qemu_plugin_insn_disas(const struct insn *);
enum { ADD_TO_COUNTER = 0 };

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { WRITE = 64, STANDARD_OUTPUT = 1, END_OF_RUN = 999, RUNS = 1000, MOST_RUNS = 1000 };

// A translated block. Code that is translated again is a new one.
struct block {
  struct block *next;
  uint64_t times, times_before, length;
  char *text; // Its instructions, if it multiplies vectors.
};
static struct block *blocks;
static long run = -1;

// True for the multiplications that compilers choose for the kernels: `smull`, `smlal` and `mul` of vectors, and `sdot`.
static bool multiplies(uint32_t code) {
  const uint32_t three = code & 0x9f20fc00;
  return (code & 0xbf20fc00) == 0x0e20c000 /* smull */ || (code & 0xbf20fc00) == 0x0e208000 /* smlal */ ||
         three == 0x0e209c00 /* mul */ || (code & 0xbfe0fc00) == 0x0e809400 /* sdot */;
}

static char *text_of(const struct tb *tb) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  for (size_t index = 0; index < qemu_plugin_tb_n_insns(tb); index++) {
    char *one = qemu_plugin_insn_disas(qemu_plugin_tb_get_insn(tb, index));
    fprintf(out, "%s%s", index ? "; " : "", one);
    free(one);
  }
  fclose(out);
  return text;
}

static void on_translation(plugin_id id, struct tb *tb) {
  (void)id;
  struct block *block = calloc(1, sizeof *block);
  block->length = qemu_plugin_tb_n_insns(tb);
  for (size_t index = 0; index < block->length && !block->text; index++) {
    uint32_t code;
    memcpy(&code, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, index)), sizeof code);
    if (multiplies(code)) block->text = text_of(tb);
  }
  // Several threads may translate.
  do block->next = blocks;
  while (!__sync_bool_compare_and_swap(&blocks, block->next, block));
  qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_TO_COUNTER, &block->times, 1);
}

static void on_system_call(plugin_id id, unsigned cpu, int64_t number, uint64_t file, uint64_t bytes, uint64_t length,
    uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  (void)id, (void)cpu, (void)bytes, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  if (number != WRITE || file != STANDARD_OUTPUT) return;
  if (length >= RUNS && length < RUNS + MOST_RUNS) {
    run = (long)length - RUNS;
    for (struct block *block = blocks; block; block = block->next) block->times_before = block->times;
  } else if (length == END_OF_RUN && run >= 0) {
    uint64_t instructions = 0;
    for (struct block *block = blocks; block; block = block->next) {
      instructions += (block->times - block->times_before) * block->length;
    }
    fprintf(stderr, "RUN %ld %" PRIu64 "\n", run, instructions);
    for (struct block *block = blocks; block; block = block->next) {
      const uint64_t times = block->times - block->times_before;
      if (times && block->text) fprintf(stderr, "BLOCK %" PRIu64 " %s\n", times, block->text);
    }
    run = -1;
  }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  (void)info, (void)argc, (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
  return 0;
}
