#!/usr/bin/env node
/** The `ferry` program. Small on purpose: what is compiled once is cached, and each command loads only what it needs. */

import { enableCompileCache } from 'node:module';

// An invite among the arguments is a secret, and others on this machine can read these: from here on they read this.
if (process.argv.some((argument) => /^ferry:.*#/.test(argument))) process.title = 'ferry';
// Who reads only the first lines (`| head`) is no reason to fall: what nobody reads is not written.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
enableCompileCache();
// File systems with a journal sync many files in the time of one, if asked at once: 10,000 small files in a third of the time.
process.env['UV_THREADPOOL_SIZE'] ??= '16';
const { runCommandLine } = await import('./commands/command-line.ts');
const code = await runCommandLine(process.argv);
// Sockets that are still closing politely must not hold the prompt back.
process.stdout.write('', () => process.exit(code));
