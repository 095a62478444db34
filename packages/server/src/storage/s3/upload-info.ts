/** What is to become of an upload of several parts, as it stands in the store beside its blocks. Worker threads. */

import type { ObjectStore } from './object-store.ts';

const infoBytes = 16 * 1024;

/** All of it has to be the same for whoever goes on with it. */
export type UploadInfo = {
  readonly uploadId: string;
  readonly key: string;
  readonly size: number;
  readonly source: string;
  readonly metadata: string;
};

/** @param folder what the names of all that is known of it begin with. Undefined: there is none, or it is damaged */
export async function readInfo(store: ObjectStore, folder: string): Promise<UploadInfo | undefined> {
  const found = await store.get(`${folder}info`, infoBytes);
  if (found === undefined) return undefined;
  try {
    const info = JSON.parse(found.content.toString('utf8')) as Partial<UploadInfo>;
    const { uploadId, key, size, source, metadata } = info;
    const isWhole = [uploadId, key, source, metadata].every((one) => typeof one === 'string');
    return isWhole && typeof size === 'number' ? (info as UploadInfo) : undefined;
  } catch {
    return undefined;
  }
}

export function isSame(info: UploadInfo, wanted: Omit<UploadInfo, 'uploadId'>): boolean {
  const { key, size, source, metadata } = wanted;
  return info.key === key && info.size === size && info.source === source && info.metadata === metadata;
}
