#!/usr/bin/env node
import { writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { EXIT } from './edge/cli/io.ts';
import { RULES } from './rules/index.ts';
import { type Doors, runCommandLine } from './edge/cli/run.ts';

const doors: Doors = {
  // Fastify and the Kubernetes client are loaded for this door alone.
  serve: async (options) => {
    const { serve } = await import('./edge/http/serve.ts');
    const { POD_NAMESPACE: namespace } = process.env;
    return serve(namespace === undefined ? options : { ...options, namespace });
  },
  demo: async () => EXIT.trouble,
};

// A reader that leaves early (`| head`) is no fault of anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    rules: RULES,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    readStdin: () => buffer(process.stdin),
    now: () => Date.now(),
    colours: styleText('red', 'x', { stream: process.stdout }) !== 'x',
    writeFile: (file, text) => writeFile(file, text),
  },
  doors,
);
