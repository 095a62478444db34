/** How two texts differ, line by line, as `diff -u` tells it: a shortest way from one to the other (Myers). Pure; I/O thread. */

export type DiffLine = {
  /** `gap`: lines that are the same and far from any other are left out; its text says where one goes on. */
  readonly kind: 'same' | 'removed' | 'added' | 'gap';
  readonly text: string;
};

/** Lines shown around what differs. */
const context = 3;
/** Beyond so many lines removed and added the texts count as different throughout: the cost grows with its square. */
const mostSteps = 2000;

export function textDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const room = Math.min(before.length, after.length) - head;
  while (tail < room && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const middle = shortest(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return withoutFar([
    ...before.slice(0, head).map(same),
    ...middle,
    ...before.slice(before.length - tail).map(same),
  ]);
}

/** Myers: the furthest place on each diagonal after each step, then back from the end. */
function shortest(a: readonly string[], b: readonly string[]): DiffLine[] {
  const steps: Map<number, number>[] = [];
  const far = new Map<number, number>([[1, 0]]);
  for (let step = 0; step <= Math.min(mostSteps, a.length + b.length); step++) {
    steps.push(new Map(far));
    for (let diagonal = -step; diagonal <= step; diagonal += 2) {
      let x = isDown(far, diagonal, step) ? (far.get(diagonal + 1) ?? 0) : (far.get(diagonal - 1) ?? 0) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      far.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return wayBack(a, b, steps);
    }
  }
  return [
    ...a.map((text) => ({ kind: 'removed', text }) as const),
    ...b.map((text) => ({ kind: 'added', text }) as const),
  ];
}

function isDown(far: ReadonlyMap<number, number>, diagonal: number, step: number): boolean {
  if (diagonal === -step) return true;
  return diagonal !== step && (far.get(diagonal - 1) ?? 0) < (far.get(diagonal + 1) ?? 0);
}

function wayBack(
  a: readonly string[],
  b: readonly string[],
  steps: readonly ReadonlyMap<number, number>[],
): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let step = steps.length - 1; step >= 0; step--) {
    const far = steps[step]!;
    const diagonal = x - y;
    const from = isDown(far, diagonal, step) ? diagonal + 1 : diagonal - 1;
    const fromX = step === 0 ? 0 : (far.get(from) ?? 0);
    const fromY = step === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      lines.push({ kind: 'same', text: a[x]! });
    }
    if (step === 0) break;
    if (x === fromX) lines.push({ kind: 'added', text: b[fromY]! });
    else lines.push({ kind: 'removed', text: a[fromX]! });
    x = fromX;
    y = fromY;
  }
  return lines.reverse();
}

/** Same lines stay next to others; the rest of them becomes one `gap`. */
function withoutFar(lines: readonly DiffLine[]): DiffLine[] {
  const isNear = new Uint8Array(lines.length);
  for (const [i, { kind }] of lines.entries()) {
    if (kind !== 'same') isNear.fill(1, Math.max(0, i - context), i + context + 1);
  }
  const kept: DiffLine[] = [];
  let before = 1;
  let after = 1;
  for (const [i, line] of lines.entries()) {
    if (isNear[i] === 1) {
      if (i > 0 && isNear[i - 1] === 0) kept.push({ kind: 'gap', text: `line ${before} → line ${after}` });
      kept.push(line);
    }
    if (line.kind !== 'added') before += 1;
    if (line.kind !== 'removed') after += 1;
  }
  return kept;
}
