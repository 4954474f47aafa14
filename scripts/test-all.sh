#!/usr/bin/env bash
# test-all.sh: every test, and the package in Firefox, WebKit, Deno, Bun, projects of Vite, webpack and Next, and wrangler.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh everywhere
scripts/test.sh
say "the package everywhere else"
node tests/run.mjs runtimes browsers bundlers wrangler
