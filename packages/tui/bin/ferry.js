#!/usr/bin/env node
/**
 * What a shell starts as `ferry`: the bundle of its sources where there is one that says the same, else the sources. Plain
 * JavaScript, as a first file in TypeScript costs 35 ms: Node has no cache yet of what it was without its types.
 */

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { currentBundle } = await import('@ferry/protocol/disk/current-bundle');
await import(currentBundle('ferry') ?? '../src/main.ts');
