/** Contents that look random and are the same on every machine and in every language. */

/** The successive states of xorshift32 (13, 17, 5) from `start`, which is not 0, each as four bytes, little endian. */
export function seededBytes(length: number, start: number): Buffer {
  const words = new Int32Array(Math.ceil(length / 4));
  let state = start | 0;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}
