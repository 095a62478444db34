/**
 * The keyboard and the mouse of the terminal: raw while the screen is there, given back when it is not. Takes the input's
 * stream over from blessed. UI thread.
 */

import {
  InputDecoder,
  type InputEvent,
  isAnswer,
  type TerminalAnswer,
  type UserEvent,
} from './decode-input.ts';

/** How long after an Esc the rest of a sequence may come; over a bad line, pieces do come apart. */
const restMs = 30;

/** Buttons and wheel, drags, positions beyond column 223. */
const mouseModes = [1000, 1002, 1006];
const cellQuestion = '\x1b[16t';
/** Every terminal answers this one, and answers come in order: then all others are there, or never will be. */
const featuresQuestion = '\x1b[c';
/** A terminal that has not answered by now, over a long line, will not. */
const answerMs = 1000;
/** A mark around what is pasted. */
const pasteMode = 2004;

export class TerminalInput {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #decoder = new InputDecoder();
  readonly #listeners = new Set<(event: UserEvent) => void>();
  #borrower: ((event: UserEvent) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onAnswer: (answer: TerminalAnswer) => void = () => {};
  /** Until the terminal has answered what it was asked. */
  #answers: Promise<void> = Promise.resolve();
  #hasAnswered: () => void = () => {};
  #isOn = false;
  #wantsMouse = false;

  /** `input` is blessed's no more. */
  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.#input = input;
    this.#output = output;
    input.removeAllListeners('data');
    input.removeAllListeners('keypress');
    input.setEncoding('utf8');
    input.on('data', this.#onData);
  }

  /** Gives everything to this one alone, until the returned function is called. */
  lend(listener: (event: UserEvent) => void): () => void {
    this.#borrower = listener;
    return () => {
      if (this.#borrower === listener) this.#borrower = undefined;
    };
  }

  /**
   * Asks the terminal what it is (XTVERSION), how large its cells are, and what it can do (DA1). Those that do not know a question say
   * nothing to it.
   */
  ask(listener: (answer: TerminalAnswer) => void): void {
    this.#onAnswer = listener;
    this.#put(`\x1b[>q${cellQuestion}`);
  }

  /** The size of its cells again, which may be others in another window. */
  askCells(): void {
    this.#put(cellQuestion);
  }

  #put(questions: string): void {
    if (!this.#isOn) return;
    this.#hasAnswered();
    this.#answers = new Promise((resolve) => {
      const timer = setTimeout(resolve, answerMs);
      this.#hasAnswered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#output.write(`${questions}${featuresQuestion}`);
  }

  /**
   * Resolves when the terminal has answered all that it was asked, or has had a second for it. To be waited for before somebody else
   * reads from it: a shell or an editor would take the answer for something typed.
   */
  settled(): Promise<void> {
    return this.#answers;
  }

  onEvent(listener: (event: UserEvent) => void): void {
    this.#listeners.add(listener);
  }

  take(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#set([pasteMode, ...(this.#wantsMouse ? mouseModes : [])], true);
  }

  /** The mouse is ours from now on, or the terminal's. */
  wantMouse(wants: boolean): void {
    if (wants === this.#wantsMouse) return;
    this.#wantsMouse = wants;
    if (this.#isOn) this.#set(mouseModes, wants);
  }

  #set(modes: readonly number[], on: boolean): void {
    this.#output.write(modes.map((mode) => `\x1b[?${mode}${on ? 'h' : 'l'}`).join(''));
  }

  /** Idempotent. */
  give(): void {
    clearTimeout(this.#timer);
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#set([pasteMode, ...mouseModes], false);
    this.#input.setRawMode(false);
    this.#input.pause();
  }

  readonly #onData = (chunk: string): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#emit(this.#decoder.push(chunk));
    if (this.#decoder.isWaiting) this.#timer = setTimeout(this.#onLate, restMs);
  };

  /** What has come while this thread was busy is read first. */
  readonly #onLate = (): void => {
    const timer = this.#timer;
    setImmediate(() => {
      if (this.#timer === timer) this.#emit(this.#decoder.flush());
    });
  };

  #emit(events: readonly InputEvent[]): void {
    for (const event of events) {
      if (isAnswer(event)) {
        if (event.kind === 'features') this.#hasAnswered();
        this.#onAnswer(event);
        continue;
      }
      if (this.#borrower !== undefined) this.#borrower(event);
      else for (const listener of this.#listeners) listener(event);
    }
  }
}
