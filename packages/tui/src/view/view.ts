/**
 * The screen: one box per region, filled with rows that are made elsewhere. Draws what changed, and calls render in one place
 * only. Nothing here decides anything. UI thread.
 */

import type { Shown } from '@ferry/protocol';
import { keyName } from '../keymap/key-name.ts';
import type { Action } from '../keymap/keymap.ts';
import { keyOf } from '../keymap/resolve.ts';
import { type Layout, smallest, viewerExtent } from '../state/layout.ts';
import type { Picture } from '../state/picture.ts';
import { type AppState, activeSide, layoutOf, placeName } from '../state/state.ts';
import { lists, tooSmall } from '../state/texts.ts';
import type { ThemeName } from '../state/theme.ts';
import { workWords } from '../state/works.ts';
import { partOf } from '../state/zoom.ts';
import type { TerminalAnswer } from './decode-input.ts';
import type { Gauge } from './gauge.ts';
import { Images } from './images.ts';
import { RowBox } from './row-box.ts';
import { dialogRowsOf } from './rows/dialog-rows.ts';
import { barRect, gaugeRows, shareOfAll } from './rows/gauge-rows.ts';
import { graphRowsOf } from './rows/graph-rows.ts';
import { drawsImages, type Image } from './rows/image-rows.ts';
import { queueRowsOf } from './rows/job-rows.ts';
import { awayWords, footerRow, titleRow } from './rows/line-rows.ts';
import { paneRowsOf } from './rows/pane-rows.ts';
import { imageOf } from './rows/picture-rows.ts';
import { previewRowsOf } from './rows/preview-rows.ts';
import type { CellSize } from './rows/sixel.ts';
import type { Look } from './rows/style.ts';
import { mono } from './rows/themes/mono.ts';
import { viewerRows, viewerTitle } from './rows/viewer-rows.ts';
import { type SixelScene, Sixels } from './sixels.ts';
import type { Terminal } from './terminal.ts';

/** As terminals number what they can do. */
const sixelFeature = 4;

const regions = ['title', 'remote', 'local', 'queue', 'gauge', 'graph', 'footer'] as const;
type Region = (typeof regions)[number];

export class View {
  readonly #terminal: Terminal;
  readonly #lookFor: (theme: ThemeName) => Look;
  #look: Look;
  readonly #boxes: Readonly<Record<Region | 'viewer' | 'dialog', RowBox>>;
  #gauge: Gauge | undefined;
  #isLoadingGauge = false;
  readonly #images: Images;
  readonly #sixels: Sixels;
  #hasImages = false;
  #knowsSixels = false;
  #cell: CellSize | undefined;
  #drawn: AppState | undefined;
  #layout: Layout | undefined;

  constructor(terminal: Terminal, lookFor: (theme: ThemeName) => Look) {
    this.#terminal = terminal;
    this.#lookFor = (theme) => (this.#hasImages ? { ...lookFor(theme), hasImages: true } : lookFor(theme));
    this.#look = lookFor('auto');
    this.#images = new Images((text) => terminal.write(text));
    this.#sixels = new Sixels((text) => terminal.write(text));
    const box = (): RowBox => new RowBox(terminal.screen);
    this.#boxes = {
      title: box(),
      remote: box(),
      local: box(),
      queue: box(),
      gauge: box(),
      graph: box(),
      footer: box(),
      viewer: box(),
      dialog: box(),
    };
    this.#boxes.viewer.hide();
    this.#boxes.dialog.hide();
  }

  /**
   * Brings the screen up to date with the state. Regions whose part of the state is the same are not touched. Nothing is drawn
   * once the terminal was given back: a new size that was told just before must not end in an error.
   */
  draw(state: AppState, nowMs: number): void {
    const before = this.#drawn;
    if (before === state || this.#terminal.hasLeft) return;
    this.#drawn = state;
    const { columns, rows } = state.size;
    if (columns < smallest.columns || rows < smallest.rows) {
      this.#tooSmall();
      return;
    }
    const isRecoloured = before?.remembered.theme !== state.remembered.theme;
    if (isRecoloured) this.#look = this.#lookFor(state.remembered.theme);
    const isMoved =
      isRecoloured ||
      before === undefined ||
      before.size !== state.size ||
      before.remembered.arrangement !== state.remembered.arrangement ||
      (before.preview === undefined) !== (state.preview === undefined) ||
      (isSingle(this.#layout) && activeSide(before) !== activeSide(state));
    if (isMoved) this.#arrange(layoutOf(state));
    // The screen was cleared then, and after another program had it.
    if (before?.size !== state.size) this.#sixels.again();
    const places = this.#layout;
    if (places === undefined) return;
    const focusMoved = before?.focus !== state.focus || before.dialog !== state.dialog;
    const look = this.#look;
    const isUncovered = before?.preview !== undefined && state.preview === undefined;
    for (const side of ['remote', 'local'] as const) {
      const pane = state[side];
      const rect = places[side];
      if (rect === undefined) continue;
      if (state.preview !== undefined && state.preview.side !== side) {
        if (!isMoved && before?.preview === state.preview) continue;
        this.#fill(side, previewRowsOf(state.preview, rect, look));
        continue;
      }
      const place = placeName(state, pane);
      const away = awayWords(state, side);
      const isSame =
        before?.[side] === pane &&
        awayWords(before, side) === away &&
        placeName(before, before[side]) === place;
      const isAsBefore = !isMoved && !focusMoved && !isUncovered && isSame;
      if (isAsBefore && before?.preview?.side === state.preview?.side) continue;
      this.#fill(
        side,
        paneRowsOf(pane, rect, {
          look,
          focused: state.focus === side && state.dialog === undefined,
          nowMs,
          place,
          away,
          set: state.remembered.arrangement.columns,
        }),
      );
    }
    if (isMoved || focusMoved || before?.queue !== state.queue || before.works !== state.works) {
      this.#fill(
        'queue',
        queueRowsOf(
          state.queue,
          places.queue,
          look,
          state.focus === 'queue' && state.dialog === undefined,
          nothingQueued(state),
          workWords(state, look.glyphs.dot),
        ),
      );
      this.#drawTotals(state, places);
    }
    this.#drawViewer(state);
    this.#fill('title', [this.#titleOf(state)]);
    this.#fill('footer', [footerRow(state, columns, look)]);
    this.#drawDialog(state);
    this.#showImages(state);
    const sixels = this.#sixelScene(state);
    if (this.#sixels.mustClear(sixels)) this.#terminal.screen.realloc();
    this.#render();
    this.#showSixels(sixels);
  }

  /** What the terminal says of itself: pictures that come from now on are drawn as well as it can. */
  hear(answer: TerminalAnswer): void {
    switch (answer.kind) {
      case 'name':
        if (drawsImages(answer.text)) this.#useImages();
        break;
      case 'features':
        this.#knowsSixels = answer.numbers.includes(sixelFeature);
        break;
      case 'cell-size':
        this.#cell = answer;
        break;
    }
    if (!this.#knowsSixels || this.#cell === undefined || this.#hasImages) return;
    const { areUsed } = this.#sixels;
    this.#sixels.use(this.#cell);
    if (areUsed) this.redraw();
  }

  get hasSixels(): boolean {
    return this.#sixels.areUsed;
  }

  #useImages(): void {
    this.#hasImages = true;
    this.#look = { ...this.#look, hasImages: true };
  }

  /** What the terminal was given for pictures it need not keep. */
  leave(): void {
    this.#images.show(new Map());
  }

  /** Draws everything again, also what the terminal may have lost. */
  redraw(): void {
    this.#images.again();
    this.#sixels.again();
    if (this.#drawn !== undefined) this.#showImages(this.#drawn);
    this.#terminal.screen.realloc();
    this.#render();
    if (this.#drawn !== undefined) this.#showSixels(this.#sixelScene(this.#drawn));
  }

  /** The gauge's library takes a while to load; the first listing does not wait for it. */
  async loadGauge(): Promise<void> {
    if (this.#isLoadingGauge) return;
    this.#isLoadingGauge = true;
    const { Gauge } = await import('./gauge.ts');
    if (this.#terminal.hasLeft) return;
    this.#gauge = new Gauge(this.#terminal.screen);
    const { gauge } = this.#layout ?? {};
    const state = this.#drawn;
    if (gauge === undefined || state === undefined || this.#layout === undefined) return;
    this.#drawTotals(state, this.#layout);
    this.#render();
  }

  #drawTotals({ queue }: AppState, { gauge, graph }: Layout): void {
    const share = shareOfAll(queue.totals);
    // It has colours of its own, so without any it is nowhere.
    const bar =
      this.#look.theme === mono || gauge === undefined || share === undefined ? undefined : barRect(gauge);
    if (this.#gauge?.place(bar, this.#look.theme) === true) {
      // Made anew it would lie over the rest.
      this.#boxes.viewer.front();
      this.#boxes.dialog.front();
    }
    this.#gauge?.show(share ?? 0);
    if (gauge !== undefined)
      this.#fill(
        'gauge',
        gaugeRows(queue.totals, gauge, this.#look, this.#gauge !== undefined && bar !== undefined),
      );
    if (graph !== undefined) this.#fill('graph', graphRowsOf(queue.history, graph, this.#look));
  }

  #titleOf(state: AppState): string {
    const { viewer, size } = state;
    if (viewer !== undefined) return viewerTitle(viewer, viewerExtent(size), this.#look);
    return titleRow(state, size.columns, this.#look);
  }

  /** Over panes and queue, which are drawn on below it. */
  #drawViewer(state: AppState): void {
    const { viewer, size } = state;
    const box = this.#boxes.viewer;
    if (viewer === undefined) {
      box.hide();
      return;
    }
    const extent = viewerExtent(size);
    box.place({ left: 0, top: 1, ...extent });
    const isBlank = this.#sixelScene(state) !== undefined;
    box.fill(
      isBlank
        ? Array.from({ length: extent.height }, () => ' '.repeat(extent.width))
        : viewerRows(viewer, extent, this.#look),
    );
    box.show();
  }

  #drawDialog(state: AppState): void {
    const { dialog } = this.#boxes;
    if (state.dialog === undefined) {
      dialog.hide();
      return;
    }
    const { rect, rows } = dialogRowsOf(state.dialog, state, this.#look);
    dialog.place(rect);
    dialog.fill(rows);
    dialog.show();
  }

  /** What is to stand there as sixels. Below a dialog they are cells as elsewhere, so that nothing of it is left over. */
  #sixelScene({ viewer, dialog, size }: AppState): SixelScene | undefined {
    if (!this.#sixels.areUsed || dialog !== undefined || viewer?.picture === undefined) return undefined;
    if (this.#look.theme === mono) return undefined;
    const extent = viewerExtent(size);
    return { picture: partOf(viewer.picture, viewer.zoom, extent), extent, top: 1 };
  }

  #showSixels(scene: SixelScene | undefined): void {
    if (!this.#sixels.areUsed) return;
    // The screen's library writes a little later.
    this.#terminal.screen.program.flush();
    this.#sixels.show(scene);
  }

  #showImages({ viewer, preview, size }: AppState): void {
    if (!this.#hasImages) return;
    const seen = preview?.seen?.kind === 'picture' ? preview.seen.picture : undefined;
    const whole = viewer?.picture;
    const looked = whole === undefined ? undefined : partOf(whole, viewer?.zoom, viewerExtent(size));
    const shown = new Map<Picture, Image>();
    for (const picture of [viewer === undefined ? seen : looked]) {
      const image = picture === undefined ? undefined : imageOf(picture);
      if (picture !== undefined && image !== undefined) shown.set(picture, image);
    }
    this.#images.show(shown);
  }

  #arrange(places: Layout): void {
    this.#layout = places;
    for (const region of regions) {
      const rect = places[region];
      const box = this.#boxes[region];
      if (rect === undefined) {
        box.hide();
        continue;
      }
      box.show();
      box.place(rect);
    }
  }

  /** It has colours of its own, so without any it is nowhere. Made anew it would lie over the rest. */
  #tooSmall(): void {
    for (const region of [...regions, 'viewer', 'dialog'] as const) this.#boxes[region].hide();
    this.#gauge?.place(undefined, this.#look.theme);
    this.#layout = undefined;
    this.#drawn = undefined;
    const { title } = this.#boxes;
    title.show();
    title.place({ left: 0, top: 0, width: Number(this.#terminal.screen.width), height: 1 });
    title.fill([tooSmall]);
    this.#render();
  }

  #fill(region: Region, rows: readonly string[]): void {
    this.#boxes[region].fill(rows);
  }

  #render(): void {
    render(this.#terminal);
  }
}

/** With the keys that hold now. */
function nothingQueued({ queue, keymap }: AppState): string {
  if (queue.jobs.length > 0) return lists.noJob(queue.view, keyName(keyOf(keymap, 'queue', 'next-view')));
  const key = (action: Action): Shown => keyName(keyOf(keymap, 'pane', action));
  return lists.emptyQueue(key('mark'), key('copy'));
}

/** Only one pane is shown. */
function isSingle(places: Layout | undefined): boolean {
  return places !== undefined && (places.remote === undefined || places.local === undefined);
}

/** The only place that draws on the terminal. */
export function render({ screen }: Terminal): void {
  screen.render();
}
