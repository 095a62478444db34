#!/usr/bin/env node
/** What a shell starts as `ferryd`: its bundle or its sources, as in packages/tui/bin/ferry.js. */

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { currentBundle } = await import('@ferry/protocol/disk/current-bundle');
await import(currentBundle('ferryd') ?? '../src/main.ts');
