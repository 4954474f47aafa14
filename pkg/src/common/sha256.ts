const blockBytes = 64;

// The fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8.
const primes = firstPrimes(64);
const roundConstants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const initialState = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/** SHA-256 of bytes that arrive in pieces. The platforms' SHA-256 takes only whole files. */
export class Sha256 {
  readonly #state = Int32Array.from(initialState);
  readonly #schedule = new Int32Array(64);
  readonly #block = new Uint8Array(blockBytes);
  #length = 0;

  update(bytes: Uint8Array): void {
    let start = 0;
    const filled = this.#length % blockBytes;
    this.#length += bytes.length;
    if (filled > 0) {
      start = Math.min(blockBytes - filled, bytes.length);
      this.#block.set(bytes.subarray(0, start), filled);
      if (filled + start < blockBytes) return;
      this.#compress(this.#block, 0);
    }
    for (; start + blockBytes <= bytes.length; start += blockBytes) this.#compress(bytes, start);
    this.#block.set(bytes.subarray(start));
  }

  /** Returns the hash of all bytes so far, as 64 lower-case hexadecimal digits. More bytes may follow. */
  digest(): string {
    const last = new Sha256();
    last.#state.set(this.#state);
    last.#length = this.#length;
    const filled = this.#length % blockBytes;
    last.#block.set(this.#block.subarray(0, filled));
    const padding = new Uint8Array((filled < blockBytes - 8 ? blockBytes : 2 * blockBytes) - filled);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, BigInt(this.#length) * 8n);
    last.update(padding);
    return Array.from(last.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #compress(bytes: Uint8Array, start: number): void {
    const schedule = this.#schedule;
    for (let index = 0; index < 16; index += 1) {
      const at = start + 4 * index;
      schedule[index] =
        ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number);
    }
    for (let index = 16; index < 64; index += 1) {
      const early = schedule[index - 15] as number;
      const late = schedule[index - 2] as number;
      const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
      const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
      schedule[index] = (schedule[index - 16] as number) + sigma0 + (schedule[index - 7] as number) + sigma1;
    }
    const state = this.#state;
    // Destructuring would use the typed array's iterator, which costs a third of the time.
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    let f = state[5] as number;
    let g = state[6] as number;
    let h = state[7] as number;
    for (let index = 0; index < 64; index += 1) {
      const choice = (e & f) ^ (~e & g);
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const first = (h + sum1 + choice + (roundConstants[index] as number) + (schedule[index] as number)) | 0;
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + sum0 + majority) | 0;
    }
    state[0] = (state[0] as number) + a;
    state[1] = (state[1] as number) + b;
    state[2] = (state[2] as number) + c;
    state[3] = (state[3] as number) + d;
    state[4] = (state[4] as number) + e;
    state[5] = (state[5] as number) + f;
    state[6] = (state[6] as number) + g;
    state[7] = (state[7] as number) + h;
  }
}

/** The hash of a text in UTF-8. */
export function sha256OfText(text: string): string {
  const hash = new Sha256();
  hash.update(new TextEncoder().encode(text));
  return hash.digest();
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** Returns the first 32 bits after the point. */
function fraction(value: number): number {
  return Math.floor((value % 1) * 2 ** 32);
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}
