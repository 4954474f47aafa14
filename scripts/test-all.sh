#!/usr/bin/env bash
# test-all.sh: runs every test, then the package in Firefox, WebKit, Deno, Bun, in projects of Vite, webpack and Next, and
# in wrangler.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh everywhere
scripts/test.sh
say "the package everywhere else"
node tests/run.mjs runtimes browsers bundlers wrangler
