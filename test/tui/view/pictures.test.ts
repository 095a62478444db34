/** Pictures: from bytes of all kinds, hostile ones too, to rows of cells, by value. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { deflateSync, inflateSync } from 'node:zlib';
import { byteString, Code, FerryError, type Path } from '@ferry/protocol';
import { decodePicture } from '@ferry/tui/effects/pictures/decode-picture';
import { decodePng } from '@ferry/tui/effects/pictures/decode-png';
import { loadPicture, unpacked } from '@ferry/tui/effects/pictures/load-picture';
import { pictureHead } from '@ferry/tui/effects/pictures/picture-head';
import { footerOf } from '@ferry/tui/keymap/footer';
import type { Picture } from '@ferry/tui/state/picture';
import { resized, uprighted } from '@ferry/tui/state/pixels';
import { partOf } from '@ferry/tui/state/zoom';
import { drawsImages } from '@ferry/tui/view/rows/image-rows';
import { fitted, pictureRows } from '@ferry/tui/view/rows/picture-rows';
import { sixelOf, sixelPlace } from '@ferry/tui/view/rows/sixel';
import { asciiGlyphs, type Look, unicodeGlyphs } from '@ferry/tui/view/rows/style';
import { lookFor } from '@ferry/tui/view/rows/themes';
import { dark } from '@ferry/tui/view/rows/themes/dark';
import { light } from '@ferry/tui/view/rows/themes/light';
import { viewerTitle } from '@ferry/tui/view/rows/viewer-rows';
import { encode } from 'jpeg-js';
import { png, pngFile } from '../../support/png.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

const path = [byteString(Buffer.from('a.png'))] as unknown as Path;

function picture(width: number, height: number, ...pixels: readonly (readonly number[])[]): Picture {
  const rgba = Uint8Array.from(pixels.flatMap(([r = 0, g = 0, b = 0, a = 255]) => [r, g, b, a]));
  return { format: 'PNG', fullWidth: width, fullHeight: height, width, height, rgba };
}

const red = [255, 0, 0];
const blue = [0, 0, 255];
const clear = [9, 9, 9, 0];

async function refused(work: Promise<unknown>, code: Code, words: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof FerryError);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  });
}

test(`a PNG gives back the pixels that went in, however its rows are filtered or cut off (FERRY_SEED=${seed})`, () => {
  const random = randomFrom(seed);
  for (let run = 0; run < runs(60); run++) {
    const [width, height] = [1 + random(19), 1 + random(19)];
    const rgba = Uint8Array.from({ length: width * height * 4 }, () => random(256));
    const bytes = png({ width, height, rgba, filterOf: () => random(5) });
    assert.deepEqual(Buffer.from(decodePng(bytes).rgba), Buffer.from(rgba));
    const cut = bytes.subarray(0, random(bytes.length));
    try {
      const part = decodePng(cut).rgba;
      const rows = part.findIndex((byte, i) => byte !== rgba[i] && byte !== 0);
      assert.equal(rows, -1, 'what is there of it is right');
    } catch (error) {
      assert.ok(error instanceof FerryError && error.code === Code.INTEGRITY, String(error));
    }
  }
});

test('grey, palettes, 16 bits, a colour that is seen through, and rows in seven passes', () => {
  const of = (
    spec: Parameters<typeof pngFile>[0],
    raw: readonly number[],
    ...between: [string, Uint8Array][]
  ) => [...decodePng(pngFile(spec, deflateSync(Uint8Array.from(raw)), between)).rgba];
  const palette: [string, Uint8Array] = ['PLTE', Uint8Array.of(1, 2, 3, 40, 50, 60)];
  const size = { width: 2, height: 1 };
  assert.deepEqual(of({ ...size, kind: 0, depth: 1 }, [0, 0b0100_0000]), [0, 0, 0, 255, 255, 255, 255, 255]);
  assert.deepEqual(of({ ...size, kind: 0, depth: 4 }, [0, 0x3f]), [51, 51, 51, 255, 255, 255, 255, 255]);
  assert.deepEqual(
    of({ ...size, kind: 3, depth: 2 }, [0, 0b0001_0000], palette),
    [1, 2, 3, 255, 40, 50, 60, 255],
  );
  assert.deepEqual(
    of({ ...size, kind: 3, depth: 8 }, [0, 1, 0], palette, ['tRNS', Uint8Array.of(7)]),
    [40, 50, 60, 255, 1, 2, 3, 7],
  );
  assert.deepEqual(
    of({ ...size, kind: 4, depth: 16 }, [0, 255, 255, 0, 0, 0, 0, 255, 255]),
    [255, 255, 255, 0, 0, 0, 0, 255],
  );
  assert.deepEqual(
    of({ ...size, kind: 2, depth: 8 }, [0, 1, 2, 3, 4, 5, 6], ['tRNS', Uint8Array.of(0, 1, 0, 2, 0, 3)]),
    [1, 2, 3, 0, 4, 5, 6, 255],
  );
  // 3 × 3: the passes have 1, 0, 0, 1, 1 × 2, 2, and a row of 3.
  const passes = [0, 10, 0, 12, 0, 30, 32, 0, 11, 0, 31, 0, 20, 21, 22];
  const values = of({ width: 3, height: 3, kind: 0, depth: 8, isInterlaced: true }, passes).filter(
    (_, i) => i % 4 === 0,
  );
  assert.deepEqual(values, [10, 11, 12, 20, 21, 22, 30, 31, 32]);
});

test('JPEG and GIF are told by their first bytes, and a photograph is put upright', async () => {
  const rgba = Buffer.alloc(16 * 8 * 4, 255);
  for (let i = 0; i < 16 * 4 * 4; i += 4) rgba.set([255, 0, 0], i);
  const jpeg = encode({ width: 16, height: 8, data: rgba }, 95).data;
  const upright = await decodePicture(jpeg);
  assert.deepEqual([upright.format, upright.width, upright.height], ['JPEG', 16, 8]);
  const exif = Buffer.from(
    'ffe1002245786966000049492a00080000000100120103000100000006000000000000000000',
    'hex',
  );
  exif.writeUInt16BE(exif.length - 2, 2);
  const turned = Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]);
  assert.equal(pictureHead(turned)?.orientation, 6);
  const { width, height, fullWidth, rgba: pixels } = await decodePicture(turned);
  assert.deepEqual([width, height, fullWidth], [8, 16, 8]);
  // What was above is at the right now.
  assert.ok((pixels[0 * 4 + 1] ?? 0) > 200 && (pixels[7 * 4 + 1] ?? 255) < 60);
  const gif = Buffer.from(
    '47494638376102000100810000ff000000ff000000000000002c00000000020001000008050003000808003b',
    'hex',
  );
  assert.deepEqual([pictureHead(gif)?.width, pictureHead(gif)?.height], [2, 1]);
  const frame = await decodePicture(gif);
  assert.deepEqual([...frame.rgba], [0, 255, 0, 255, 255, 0, 0, 255]);
});

test('each of the eight ways to hold a camera comes out upright', () => {
  // What one sees upright: a b / c d / e f; how a file has it is told by the standard, row by row.
  const files: Readonly<Record<number, readonly [width: number, letters: string]>> = {
    1: [2, 'abcdef'],
    2: [2, 'badcfe'],
    3: [2, 'fedcba'],
    4: [2, 'efcdab'],
    5: [3, 'acebdf'],
    6: [3, 'bdface'],
    7: [3, 'fdbeca'],
    8: [3, 'ecafdb'],
  };
  for (const [orientation, [width, letters]] of Object.entries(files)) {
    const rgba = Uint8Array.from([...letters].flatMap((letter) => [letter.charCodeAt(0), 0, 0, 255]));
    const upright = uprighted({ width, height: 6 / width, rgba }, Number(orientation));
    const seen = String.fromCharCode(...upright.rgba.filter((_, i) => i % 4 === 0));
    assert.deepEqual([upright.width, seen], [2, 'abcdef'], `orientation ${orientation}`);
  }
});

test('what asks for more memory than there is for pictures is refused by its head, or stopped', async () => {
  const bomb = deflateSync(Buffer.alloc(50_000_000));
  const [huge, lying] = [
    pngFile({ width: 60_000, height: 60_000 }, bomb),
    pngFile({ width: 10, height: 10 }, bomb),
  ];
  await refused(decodePicture(huge), Code.LIMIT, /60000 × 60000 pixels/);
  await refused(decodePicture(lying), Code.INTEGRITY, /damaged/);
  await refused(decodePicture(pngFile({ width: 0, height: 4 }, bomb)), Code.INTEGRITY, /damaged/);
  const interlaced = pngFile({ width: 10, height: 10, isInterlaced: true }, bomb);
  await refused(decodePicture(interlaced), Code.INTEGRITY, /damaged/);
  const gif = Buffer.from('474946383961020001000000002c00000000ffffffff0002024401003b', 'hex');
  await refused(decodePicture(gif), Code.LIMIT, /65535 × 65535/);
  await refused(decodePicture(Buffer.from('a text')), Code.INTEGRITY, /no picture/);
});

test(`bytes that went wrong end in an error, on a thread that ends with them (FERRY_SEED=${seed})`, async () => {
  const random = randomFrom(seed);
  const rgba = Buffer.from(Uint8Array.from({ length: 24 * 24 * 4 }, () => random(256)));
  const whole = [
    encode({ width: 24, height: 24, data: rgba }, 70).data,
    png({ width: 24, height: 24, rgba }),
  ];
  for (let run = 0; run < runs(80); run++) {
    const bytes = Buffer.from(whole[run % 2] ?? '');
    for (let i = 0; i <= random(4); i++) bytes[random(bytes.length)] = random(256);
    await decodePicture(bytes).catch((error: unknown) => {
      assert.ok(error instanceof FerryError, String(error));
      assert.ok(
        [Code.INTEGRITY, Code.LIMIT].some((code) => code === error.code),
        String(error),
      );
    });
  }
  const { width, height } = await unpacked(Uint8Array.from(png({ width: 24, height: 24, rgba })));
  assert.deepEqual([width, height], [24, 24]);
  await refused(unpacked(Uint8Array.of(0x89, 1, 2)), Code.INTEGRITY, /no picture/);
});

test('it is fetched in order, no further than its bounds, and given up when the cursor moves on', async () => {
  const random = randomFrom(seed);
  const rgba = Uint8Array.from({ length: 200 * 200 * 4 }, () => random(256));
  const bytes = png({ width: 200, height: 200, rgba });
  let asked = 0;
  const facts = { ...file('a.png', bytes.length), identity: '1' };
  const source = {
    readRange: (_: Path, { offset, length }: { offset: number; length: number }) => {
      asked += 1;
      return Promise.resolve({ facts, content: Uint8Array.from(bytes.subarray(offset, offset + length)) });
    },
  };
  const loaded = await loadPicture({ source, path, onProgress: () => {} });
  assert.deepEqual(Buffer.from(loaded.picture.rgba), Buffer.from(rgba));
  assert.ok(asked >= 4);
  asked = 0;
  const over = AbortSignal.abort(new FerryError(Code.CANCELLED, 'cancelled'));
  await refused(unpacked(Uint8Array.from(bytes), { signal: over }), Code.CANCELLED, /cancelled/);
  const leaving = new AbortController();
  const onProgress = (): void => leaving.abort();
  await assert.rejects(loadPicture({ source, path, onProgress }, { signal: leaving.signal }));
  const large = {
    readRange: () =>
      Promise.resolve({ facts: { ...facts, size: 17_000_000 }, content: bytes.subarray(0, 64) }),
  };
  await refused(loadPicture({ source: large, path, onProgress }), Code.LIMIT, /17 MB/);
});

test('two pixels are one cell, in as many colours as there are', () => {
  const seen = picture(2, 2, red, blue, blue, clear);
  const look = (colours: Look['colours'], glyphs = unicodeGlyphs): Look => ({
    theme: dark,
    glyphs,
    ...(colours && { colours }),
  });
  const extent = { width: 2, height: 1 };
  assert.deepEqual(pictureRows(seen, extent, look('any')), [
    '\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[0;38;2;0;0;255m▀\x1b[0m',
  ]);
  assert.deepEqual(pictureRows(seen, extent, look('256')), [
    '\x1b[38;5;196;48;5;21m▀\x1b[0;38;5;21m▀\x1b[0m',
  ]);
  assert.deepEqual(pictureRows(picture(1, 2, red, [0, 205, 0]), { width: 1, height: 1 }, look('16')), [
    '\x1b[91;42m▀\x1b[0m',
  ]);
  const greys = picture(2, 2, [255, 255, 255], [0, 0, 0], [0, 0, 0], [255, 255, 255]);
  assert.deepEqual(pictureRows(greys, extent, look('one')), ['▀▄']);
  assert.deepEqual(
    pictureRows(picture(2, 2, ...[0, 1, 2, 3].map(() => [128, 128, 128])), extent, look('one', asciiGlyphs)),
    ['++'],
  );
  // Half of it seen through, on either ground.
  const faint = picture(1, 2, [0, 0, 0, 128], [0, 0, 0, 128]);
  const one = { width: 1, height: 1 };
  assert.deepEqual(
    pictureRows(faint, one, { ...look('256'), theme: light }),
    ['\x1b[38;5;243;48;5;243m▀\x1b[0m'].map((row) => row.replaceAll('243', '244')),
  );
  assert.deepEqual(pictureRows(faint, one, look('256')), ['\x1b[38;5;16;48;5;16m▀\x1b[0m']);
});

test('a picture keeps its shape, in the middle of its room', () => {
  assert.deepEqual(fitted(picture(400, 100), { width: 80, height: 24 }), { columns: 80, rows: 20 });
  assert.deepEqual(fitted(picture(100, 400), { width: 80, height: 24 }), { columns: 12, rows: 48 });
  assert.deepEqual(fitted(picture(8, 8), { width: 80, height: 24 }), { columns: 32, rows: 32 });
  assert.deepEqual(fitted(picture(60, 30), { width: 80, height: 24 }), { columns: 60, rows: 30 });
  assert.deepEqual(fitted(picture(9000, 1), { width: 80, height: 24 }), { columns: 80, rows: 1 });
  const rows = pictureRows(
    picture(1, 1, red),
    { width: 10, height: 4 },
    { theme: dark, glyphs: unicodeGlyphs },
  );
  assert.deepEqual(
    rows.map((row) => stripVTControlCharacters(row)),
    [' '.repeat(10), '   ▀▀▀▀   ', '   ▀▀▀▀   ', ' '.repeat(10)],
  );
  // The mean of what becomes one pixel, where what is seen through has no say.
  const small = resized(picture(2, 2, [200, 0, 0], [100, 0, 0], clear, clear), 1, 1);
  assert.deepEqual([...small.rgba], [150, 0, 0, 128]);
});

test('how many colours there are, the terminal tells', () => {
  const of = (env: NodeJS.ProcessEnv) =>
    lookFor({ LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env }, 'auto').colours;
  assert.equal(of({}), '256');
  assert.equal(of({ COLORTERM: 'truecolor' }), 'any');
  assert.equal(of({ COLORTERM: 'truecolor', NO_COLOR: '1' }), 'one');
  assert.equal(of({ TERM: 'linux' }), '16');
});

const twoPictures = (): Driven =>
  new Driven('share', 'home', { columns: 80, rows: 24 })
    .list('remote', file('a.png', 100), file('b.txt', 9), file('c.JPG', 100))
    .list('local');

test('F3 shows a picture over everything, in 24-bit colour, and other cells are as they were', async () => {
  const driven = twoPictures().press('home', 'down', 'f3');
  const [cmd] = driven.taken().filter(({ kind }) => kind === 'show-picture');
  assert.ok(cmd?.kind === 'show-picture');
  const facts = { ...file('a.png', 100), identity: '1' };
  driven.post({ kind: 'picture-shown', request: cmd.request + 7, picture: picture(1, 1, red), facts });
  assert.equal(driven.state.viewer?.picture, undefined, 'another picture’s answer');
  driven.post({ kind: 'picture-shown', request: cmd.request, picture: picture(1, 2, red, blue), facts });
  const terminal = new FakeTerminal(80, 24, { theme: dark, glyphs: unicodeGlyphs, colours: 'any' });
  const screen = await terminal.draw(driven.state);
  assert.match(screen, /a\.png .*1 × 2 {2}PNG {2}100 B/);
  const { active } = terminal.emulator.buffer;
  const [cell, beside] = [active.getLine(10)?.getCell(39), active.getLine(10)?.getCell(36)];
  assert.deepEqual([cell?.getChars(), cell?.isFgRGB(), cell?.getFgColor()], ['▀', true, 0xff0000]);
  assert.ok(beside?.isBgDefault());
  driven.press('q');
  const back = await terminal.draw(driven.state);
  assert.ok(!back.includes('▀') && back.includes('b.txt'));
  const fresh = new FakeTerminal(80, 24);
  assert.equal(back, await fresh.draw(driven.state));
  terminal.close();
  fresh.close();
});

test('kitty and Ghostty say who they are, and get the picture itself: once, and its cells as text', async () => {
  assert.deepEqual(
    [
      'kitty(0.28.1)',
      'kitty(0.32.2)',
      'kitty(1.0.0)',
      'ghostty 1.2.0',
      'kitty(0.21.0)',
      'tmux 3.5a',
      'XTerm(390)',
      '',
    ].map(drawsImages),
    [true, true, true, true, false, false, false, false],
  );
  const driven = twoPictures().press('home', 'down', 'f3');
  const [cmd] = driven.taken().filter(({ kind }) => kind === 'show-picture');
  assert.ok(cmd?.kind === 'show-picture');
  const random = randomFrom(seed);
  const rgba = Uint8Array.from({ length: 60 * 40 * 4 }, () => random(256));
  const shown: Picture = { format: 'PNG', fullWidth: 60, fullHeight: 40, width: 60, height: 40, rgba };
  const facts = { ...file('a.png', 100), identity: '1' };
  driven.post({ kind: 'picture-shown', request: cmd.request, picture: shown, facts });
  const terminal = new FakeTerminal(80, 24, { theme: dark, glyphs: unicodeGlyphs, colours: 'any' });
  terminal.view.hear({ kind: 'name', text: 'kitty(0.32.2)' });
  await terminal.draw(driven.state);
  const sent = terminal.output
    .split('\x1b_G')
    .slice(1)
    .map((piece) => [piece, ...(piece.split('\x1b\\')[0] ?? '').split(';')] as const);
  const keys = new Map((sent[0]?.[1] ?? '').split(',').map((one) => one.split('=') as [string, string]));
  assert.deepEqual(
    ['a', 'U', 'q', 'f', 'o', 's', 'v', 'c', 'r'].map((key) => keys.get(key)),
    ['T', '1', '2', '32', 'z', '60', '40', '60', '20'],
  );
  assert.ok(sent.length > 1 && sent.every(([, , data = '']) => data.length <= 4096));
  assert.deepEqual(
    sent.map(([, head = '']) => head.slice(-3)),
    [...sent.slice(1).map(() => 'm=1'), 'm=0'],
  );
  const pixels = inflateSync(Buffer.from(sent.map(([, , data = '']) => data).join(''), 'base64'));
  assert.deepEqual(pixels, Buffer.from(rgba));
  // The number is the colour, the marks stand with the first cell of a row, and nothing else is between them.
  const id = Number(keys.get('i'));
  const colour = `\x1b[38;2;${[id >> 16, (id >> 8) & 255, id & 255].join(';')}m`;
  assert.ok(terminal.output.includes(`${colour}\u{10eeee}\u0305\u0305\x1b[0m`));
  assert.ok(terminal.output.includes(`${colour}\u{10eeee}\u030d\u0305\x1b[0m`));
  const before = terminal.output.length;
  await terminal.draw(driven.press('/').state);
  assert.ok(!terminal.output.slice(before).includes('\x1b_G'), 'it is there already');
  await terminal.draw(driven.press('q').state);
  assert.ok(terminal.output.slice(before).includes(`\x1b_Ga=d,d=I,q=2,i=${id}\x1b\\`));
  terminal.close();
});

/** Sequences as text that patterns may hold. */
const plain = (text: string): string => text.replaceAll('\x1b', '␛');

/** What a terminal makes of sixels: a pixel for each, undefined where nothing was drawn. */
function drawnSixels(text: string): { width: number; height: number; pixels: (string | undefined)[] } {
  const [, w = '', h = '', body = ''] = /␛P0;1q"1;1;(\d+);(\d+)(.*)␛\\$/s.exec(plain(text)) ?? [];
  const [width, height] = [Number(w), Number(h)];
  const pixels = new Array<string | undefined>(width * height);
  const palette = new Map<string, string>();
  let [x, top, colour] = [0, 0, ''];
  for (const [token] of body.matchAll(/#\d+(?:;[\d;]+)?|!\d+.|[$-]|[?-~]/gs)) {
    if (token === '$') x = 0;
    else if (token === '-') [x, top] = [0, top + 6];
    else if (token.startsWith('#')) {
      const [number = '', kind, ...parts] = token.slice(1).split(';');
      if (kind === undefined) colour = palette.get(number) ?? assert.fail(`no colour ${number}`);
      else palette.set(number, parts.join(';'));
    } else {
      const [, count = '1', sign = ''] = /^(?:!(\d+))?(.)$/s.exec(token) ?? [];
      for (let i = 0; i < Number(count); i++, x++)
        for (let row = 0; row < 6; row++)
          if (((sign.charCodeAt(0) - 0x3f) >> row) & 1) {
            assert.ok(x < width && top + row < height, 'nothing is drawn beyond it');
            pixels[(top + row) * width + x] = colour;
          }
    }
  }
  return { width, height, pixels };
}

test(`sixels are the pixels, in the colours that there are, and nothing where one sees through (FERRY_SEED=${seed})`, () => {
  const random = randomFrom(seed);
  for (let run = 0; run < runs(20); run++) {
    const [width, height] = [1 + random(40), 1 + random(30)];
    // Levels that are there exactly, so that none has to be made of others.
    const pixels = Array.from({ length: width * height }, () => {
      const [r, g, b] = [random(6), random(7), random(6)];
      return [r * 51, Math.round((g * 255) / 6), b * 51, random(4) === 0 ? 0 : 255];
    });
    const shown = drawnSixels(sixelOf(picture(width, height, ...pixels), { width, height }));
    assert.deepEqual([shown.width, shown.height], [width, height]);
    for (const [i, [r = 0, g = 0, b = 0, a]] of pixels.entries()) {
      const wanted = [r, g, b].map((part) => Math.round((part * 100) / 255)).join(';');
      const inLevels = wanted
        .split(';')
        .map((part, at) =>
          at === 1 ? Math.round((Math.round((Number(part) * 6) / 100) * 100) / 6) : Number(part),
        );
      assert.equal(shown.pixels[i], a === 0 ? undefined : inLevels.join(';'), `run ${run}, pixel ${i}`);
    }
  }
  const grey = drawnSixels(sixelOf(picture(1, 1, [130, 130, 130]), { width: 60, height: 60 }));
  const bright = grey.pixels.map((one) => Number(one?.split(';')[0]) / 100);
  const mean = bright.reduce((sum, one) => sum + one, 0) / bright.length;
  assert.ok(Math.abs(mean - 130 / 255) < 0.02, `an even colour comes out as bright as it is: ${mean}`);
});

test('sixels stand in the middle of their room, and never over its edges', () => {
  const random = randomFrom(seed);
  for (let run = 0; run < runs(300); run++) {
    const isPart = random(2) === 0;
    const one = { ...picture(1 + random(1024), 1 + random(1024)), isPart };
    const extent = { width: 10 + random(300), height: 3 + random(100) };
    const cell = { width: 4 + random(30), height: 6 + random(60) };
    const { left, top, pixels } = sixelPlace(one, extent, cell);
    const [right, bottom] = [
      left * cell.width + pixels.width,
      top * cell.height + Math.ceil(pixels.height / 6) * 6,
    ];
    const words = JSON.stringify({ run, isPart, extent, cell, left, top, pixels, seed });
    assert.ok(left >= 0 && top >= 0 && right <= extent.width * cell.width, words);
    assert.ok(bottom <= extent.height * cell.height, words);
    assert.ok(pixels.width * pixels.height <= 640_000, words);
  }
});

test('a terminal that says it has them gets sixels: once, not over a dialog, and cleared before anything else', async () => {
  const driven = twoPictures().press('home', 'down', 'f3');
  const [cmd] = driven.taken().filter(({ kind }) => kind === 'show-picture');
  assert.ok(cmd?.kind === 'show-picture');
  const shown = picture(30, 20, ...Array.from({ length: 600 }, () => red));
  const facts = { ...file('a.png', 100), identity: '1' };
  driven.post({ kind: 'picture-shown', request: cmd.request, picture: shown, facts });
  const terminal = new FakeTerminal(80, 24, { theme: dark, glyphs: unicodeGlyphs, colours: 'any' });
  const drawn = async (): Promise<string> => {
    terminal.output = '';
    await terminal.draw(driven.state);
    return plain(terminal.output);
  };
  terminal.view.hear({ kind: 'features', numbers: [62, 4, 22] });
  assert.doesNotMatch(await drawn(), /␛P0;1q/, 'without the size of a cell nobody knows how large it may be');
  terminal.view.hear({ kind: 'cell-size', width: 10, height: 20 });
  const sixels = /␛7␛\[\d+;\d+H␛P0;1q"1;1;(\d+);(\d+)[^␛]*␛\\␛8/;
  driven.state = { ...driven.state };
  const [, width, height] = sixels.exec(await drawn()) ?? [];
  assert.deepEqual([width, height], ['120', '80']);
  driven.press('/');
  assert.doesNotMatch(await drawn(), sixels, 'it is there already');
  driven.press('+');
  const closer = await drawn();
  assert.ok(closer.indexOf('␛[2J') >= 0 && closer.search(sixels) > closer.indexOf('␛[2J'));
  driven.press('f1');
  const dialog = await drawn();
  assert.match(dialog, /␛\[2J/);
  assert.match(dialog, /▀/, 'below it are cells');
  assert.doesNotMatch(dialog, sixels);
  driven.press('escape');
  assert.match(await drawn(), sixels);
  terminal.output = '';
  terminal.view.redraw();
  await terminal.draw(driven.state);
  assert.match(plain(terminal.output), sixels, 'Ctrl+L brings it back');
  driven.press('q');
  const files = await drawn();
  assert.match(files, /␛\[2J/);
  assert.doesNotMatch(files, sixels);
  terminal.close();
});

test('arrows go to the next picture of the folder, and stop at its end; F4 shows bytes', () => {
  const driven = twoPictures().press('home', 'down', 'f3');
  const [first] = driven.taken().filter(({ kind }) => kind === 'show-picture');
  assert.ok(first?.kind === 'show-picture');
  driven.press('right');
  const cmds = driven.taken();
  assert.ok(cmds.some((cmd) => cmd.kind === 'stop' && cmd.request === first.request));
  assert.ok(cmds.some((cmd) => cmd.kind === 'show-picture' && cmd.path.at(-1) === 'c.JPG'));
  assert.equal(driven.state.remote.rows.at(driven.state.remote.cursor - 1)?.name, 'c.JPG');
  driven.press('right');
  assert.deepEqual(driven.taken(), []);
  assert.match(driven.state.notice?.text ?? '', /last picture/);
  driven.press('/');
  assert.equal(driven.state.dialog, undefined);
  driven.press('f4');
  assert.ok(driven.taken().some(({ kind }) => kind === 'look'));
  assert.equal(driven.state.viewer?.shows, 'bytes');
});

test('+ looks closer: the part fills its room, arrows move about in it and stop at its ends, 0 is all of it again', () => {
  const driven = twoPictures().press('home', 'down', 'f3');
  const [cmd] = driven.taken().filter(({ kind }) => kind === 'show-picture');
  assert.ok(cmd?.kind === 'show-picture');
  const [width, height] = [400, 300];
  // Each pixel says where it is.
  const where = Array.from({ length: width * height }, (_, i) => [
    (i % width) & 255,
    Math.floor(i / width) & 255,
    (i % width) >> 8,
  ]);
  const facts = { ...file('a.png', 100), identity: '1' };
  driven.post({
    kind: 'picture-shown',
    request: cmd.request,
    picture: picture(width, height, ...where),
    facts,
  });
  const labels = (): string[] => footerOf(driven.state).map(({ label }) => label);
  assert.ok(labels().includes('Larger') && !labels().includes('Stop'), labels().join(' '));
  const extent = { width: 80, height: 22 };
  const seen = (): { left: number; top: number; width: number; height: number } => {
    const { viewer } = driven.state;
    assert.ok(viewer?.picture !== undefined);
    const part = partOf(viewer.picture, viewer.zoom, extent);
    assert.equal(partOf(viewer.picture, viewer.zoom, extent), part, 'it is cut out once');
    const [x = 0, y = 0, far = 0] = part.rgba;
    return { left: x + far * 256, top: y, width: part.width, height: part.height };
  };
  driven.press('-');
  assert.deepEqual(seen(), { left: 0, top: 0, width, height });
  driven.press('+', '+', '+');
  const [scale, part] = [44 / 300, 1.5 ** 3];
  const side = (room: number, all: number): number => Math.min(all, Math.round(room / scale / part));
  const middle = { width: side(80, width), height: side(44, height) };
  assert.deepEqual(seen(), {
    left: Math.round((width - middle.width) / 2),
    top: Math.round((height - middle.height) / 2),
    ...middle,
  });
  const { viewer } = driven.state;
  assert.ok(viewer?.picture !== undefined);
  const { columns, rows } = fitted(partOf(viewer.picture, viewer.zoom, extent), extent);
  assert.ok(columns === 80 && rows >= 43, 'all of the room is used');
  assert.match(
    viewerTitle(viewer, extent, { theme: dark, glyphs: unicodeGlyphs }),
    /3\.4 × closer {2}400 × 300/,
  );
  const before = seen();
  driven.press('right');
  assert.deepEqual([seen().left - before.left, seen().top - before.top], [Math.round(middle.width / 4), 0]);
  for (let i = 0; i < 20; i++) driven.press('right', 'down');
  assert.deepEqual(seen(), { left: width - middle.width, top: height - middle.height, ...middle });
  for (let i = 0; i < 20; i++) driven.press('left', 'up');
  assert.deepEqual([seen().left, seen().top], [0, 0]);
  assert.deepEqual(driven.taken(), [], 'it is the same picture all the time');
  for (let i = 0; i < 30; i++) driven.press('+');
  assert.ok(seen().width >= 1 && seen().height >= 1);
  driven.press('0');
  assert.deepEqual(seen(), { left: 0, top: 0, width, height });
  driven.press('right');
  assert.ok(
    driven.taken().some(({ kind }) => kind === 'show-picture'),
    'the next one again',
  );
});

test('one that cannot be shown is bytes, and why is told', () => {
  const driven = twoPictures().press('home', 'down', 'f3');
  const [cmd] = driven.taken().filter(({ kind }) => kind === 'show-picture');
  assert.ok(cmd?.kind === 'show-picture');
  driven.post({ kind: 'unlooked', request: cmd.request, error: [Code.LIMIT, 'the picture is too large', 0] });
  assert.equal(driven.state.viewer?.shows, 'bytes');
  assert.match(driven.state.notice?.text ?? '', /too large/);
});
