/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND = new Int32Array(64);
/** Those of the square roots of the first 8 primes. */
const START = new Int32Array(8);

for (let count = 0, candidate = 2; count < 64; candidate += 1) {
  if (!isPrime(candidate)) continue;
  ROUND[count] = fraction(Math.cbrt(candidate));
  if (count < 8) START[count] = fraction(Math.sqrt(candidate));
  count += 1;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return true;
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

const BLOCK_BYTES = 64;

/**
 * Returns the SHA-256 of a text's UTF-8 bytes, as lower-case hex. Written out because the pure part has no Node and must not
 * wait, and a package for it would be one more to trust; compared with Node's own in the tests.
 * @see https://nvlpubs.nist.gov/nistpubs/FIPS/NIST.FIPS.180-4.pdf sections 4.1.2, 5.1.1 and 6.2
 */
export function sha256(text: string): string {
  const bytes = padded(utf8(text));
  const state = START.slice();
  const words = new Int32Array(64);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) compress(state, bytes, at, words);
  return [...state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function utf8(text: string): Uint8Array {
  // At most three bytes for each UTF-16 unit; a pair of them makes four.
  const bytes = new Uint8Array(text.length * 3);
  let end = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    // A lone surrogate has no UTF-8; encoders write the replacement character.
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes[end++] = code;
    else if (code < 0x800) {
      bytes[end++] = 0xc0 | (code >> 6);
      bytes[end++] = 0x80 | (code & 0x3f);
    } else {
      if (code < 0x10000) bytes[end++] = 0xe0 | (code >> 12);
      else {
        bytes[end++] = 0xf0 | (code >> 18);
        bytes[end++] = 0x80 | ((code >> 12) & 0x3f);
      }
      bytes[end++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[end++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes.subarray(0, end);
}

/** Appends the bit 1, zeros, and the length in bits as 64 bits, up to a whole number of blocks. */
function padded(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(bytes.length - 4, (message.length << 3) >>> 0);
  return bytes;
}

function compress(state: Int32Array, bytes: Uint8Array, from: number, words: Int32Array): void {
  schedule(bytes, from, words);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let at = 0; at < 64; at += 1) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const sigma0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const sigma1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const first = (h + sigma1 + choice + (ROUND[at] ?? 0) + (words[at] ?? 0)) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + sigma0 + majority) | 0;
  }
  for (const [at, word] of [a, b, c, d, e, f, g, h].entries()) state[at] = (state[at] ?? 0) + word;
}

function schedule(bytes: Uint8Array, from: number, words: Int32Array): void {
  const view = new DataView(bytes.buffer, from);
  for (let at = 0; at < 16; at += 1) words[at] = view.getInt32(at * 4);
  for (let at = 16; at < 64; at += 1) {
    const [late = 0, early = 0] = [words[at - 2], words[at - 15]];
    const sigma0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    const sigma1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    words[at] = (words[at - 16] ?? 0) + sigma0 + (words[at - 7] ?? 0) + sigma1;
  }
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
