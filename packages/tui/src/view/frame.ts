/**
 * When to draw: at once for a key, soon for news, and progress never between a key and its answer: it rides along with the
 * key's frame or waits for a quiet moment. UI thread.
 */

export type Urgency = 'key' | 'news' | 'progress';

/** News that come together are drawn together. */
const newsMs = 25;
/** A key pressed this lately means that the next one is near. */
const quietMs = 140;

export class FrameTimer {
  readonly #draw: () => void;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastKeyMs = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  want(urgency: Urgency, nowMs: number): void {
    if (urgency === 'key') {
      this.#lastKeyMs = nowMs;
      this.#immediate ??= setImmediate(() => this.#frame());
      return;
    }
    if (this.#immediate !== undefined || this.#timer !== undefined) return;
    const sinceKeyMs = nowMs - this.#lastKeyMs;
    const waitMs = urgency === 'news' ? newsMs : Math.max(newsMs, quietMs - sinceKeyMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const isBusy = urgency === 'progress' && performance.now() - this.#lastKeyMs < quietMs;
      if (isBusy) this.want(urgency, performance.now());
      else this.#frame();
    }, waitMs);
  }

  stop(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }

  #frame(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = this.#timer = undefined;
    this.#draw();
  }
}
