/** Pixels on their way from a file to the screen: made smaller, and turned the right way up. Pure; picture thread and UI thread. */

export type Pixels = {
  readonly width: number;
  readonly height: number;
  /** As Picture has it. */
  readonly rgba: Uint8Array;
};

/** Each pixel the mean of those that it stands for; as it is where it fits. What is seen through counts for nothing. */
export function shrunk(pixels: Pixels, mostSide: number): Pixels {
  const { width, height, rgba } = pixels;
  const scale = Math.max(width, height) / mostSide;
  if (scale <= 1) return pixels;
  return resized(
    { width, height, rgba },
    Math.max(1, Math.round(width / scale)),
    Math.max(1, Math.round(height / scale)),
  );
}

/** To exactly this size; what becomes larger gets larger pixels. */
export function resized({ width, height, rgba }: Pixels, columns: number, rows: number): Pixels {
  const small = new Uint8Array(columns * rows * 4);
  for (let y = 0; y < rows; y++) {
    const top = Math.floor((y * height) / rows);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * height) / rows));
    for (let x = 0; x < columns; x++) {
      const left = Math.floor((x * width) / columns);
      const right = Math.max(left + 1, Math.floor(((x + 1) * width) / columns));
      let [red, green, blue, alpha] = [0, 0, 0, 0];
      for (let row = top; row < bottom; row++) {
        for (let at = (row * width + left) * 4; at < (row * width + right) * 4; at += 4) {
          const weight = rgba[at + 3] ?? 0;
          red += (rgba[at] ?? 0) * weight;
          green += (rgba[at + 1] ?? 0) * weight;
          blue += (rgba[at + 2] ?? 0) * weight;
          alpha += weight;
        }
      }
      const to = (y * columns + x) * 4;
      if (alpha > 0) {
        small[to] = Math.round(red / alpha);
        small[to + 1] = Math.round(green / alpha);
        small[to + 2] = Math.round(blue / alpha);
      }
      small[to + 3] = Math.round(alpha / ((bottom - top) * (right - left)));
    }
  }
  return { width: columns, height: rows, rgba: small };
}

/** As Exif tells it was held; see PictureHead. */
export function uprighted(pixels: Pixels, orientation: number): Pixels {
  const { width, height, rgba } = pixels;
  if (orientation <= 1 || orientation > 8) return pixels;
  const isTurned = orientation >= 5;
  const [columns, rows] = isTurned ? [height, width] : [width, height];
  const turned = new Uint8Array(rgba.length);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [alongX, alongY] = isTurned ? [y, x] : [x, y];
      const isMirrored = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
      const isFlipped = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
      const from =
        ((isFlipped ? height - 1 - alongY : alongY) * width + (isMirrored ? width - 1 - alongX : alongX)) * 4;
      turned.set(rgba.subarray(from, from + 4), (y * columns + x) * 4);
    }
  }
  return { width: columns, height: rows, rgba: turned };
}
