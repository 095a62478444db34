/**
 * Compressing a stream a piece at a time, on Node's thread pool: frames of zstd and members of gzip may stand behind one another, so
 * each piece is one of its own and nothing has to be kept between them. Worker threads.
 */

import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import { limits } from '@ferry/protocol';
import { ArchiveFormat } from '@ferry/protocol/messages';

export type Press = {
  /** `bytes` is the caller's again afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** The last piece. */
  end(): Promise<void>;
};

const zstdOnPool = promisify(zstdCompress);
const gzipOnPool = promisify(gzip);
const zstdParams = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };

export function pressInto(format: ArchiveFormat, sink: (bytes: Uint8Array) => Promise<void>): Press {
  if (format === ArchiveFormat.tar) return { write: sink, end: async () => {} };
  const piece = Buffer.allocUnsafe(limits.blockBytes);
  let filled = 0;
  const flush = async (): Promise<void> => {
    const bytes = piece.subarray(0, filled);
    filled = 0;
    if (bytes.length === 0) return;
    await sink(
      format === ArchiveFormat.zstd
        ? await zstdOnPool(bytes, { params: zstdParams })
        : await gzipOnPool(bytes),
    );
  };
  return {
    write: async (bytes) => {
      for (let done = 0; done < bytes.length; ) {
        const part = bytes.subarray(done, done + piece.length - filled);
        piece.set(part, filled);
        filled += part.length;
        done += part.length;
        if (filled === piece.length) await flush();
      }
    },
    end: flush,
  };
}
