declare module 'omggif' {
  export type Frame = { x: number; y: number; width: number; height: number };
  export class GifReader {
    constructor(bytes: Uint8Array);
    readonly width: number;
    readonly height: number;
    numFrames(): number;
    frameInfo(index: number): Frame;
    decodeAndBlitFrameRGBA(index: number, pixels: Uint8Array): void;
  }
}
