/** Remembers many servers as fast as it can, from a given moment on; run by known-servers.test.ts as a program of its own. */

import { type Fingerprint, parseFingerprint } from '@ferry/protocol/session';
import { KnownServers } from '../../../packages/tui/src/client/known-servers.ts';

const [file = '', writer = '', each = '', start = '', text = ''] = process.argv.slice(2);
const fingerprint = parseFingerprint(text) as Fingerprint;
const servers = new KnownServers(file);
while (Date.now() < Number(start));
for (let i = 0; i < Number(each); i++) servers.remember(`host-${writer}:${i + 1}`, fingerprint, new Date());
