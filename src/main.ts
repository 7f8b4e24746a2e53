#!/usr/bin/env node
import { writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { painter } from './edge/cli/paint.ts';
import { RULES } from './rules/index.ts';
import { type Doors, runCommandLine } from './edge/cli/run.ts';

const output = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
};
const colours = styleText('red', 'x', { stream: process.stdout }) !== 'x';

const doors: Doors = {
  // Fastify and the Kubernetes client are loaded for this door alone.
  serve: async (options) => {
    const { serve } = await import('./edge/http/serve.ts');
    const { POD_NAMESPACE: namespace } = process.env;
    return serve(namespace === undefined ? options : { ...options, namespace });
  },
  readMesh: async (options, wanted) => {
    const { userClient } = await import('./edge/kube/api-client.ts');
    const { readCluster } = await import('./edge/kube/read-cluster.ts');
    return readCluster(userClient(options), wanted);
  },
  demo: async (options) => {
    const { demo } = await import('./edge/demo/demo.ts');
    const code = await demo(options, {
      ...output,
      paint: painter(colours),
      environment: process.env,
      // Started as we were, so that it is the same program in a checkout, a bundle and an image.
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    });
    // A build or a download that was interrupted ends with us; waiting for it would keep Ctrl-C from working.
    return process.exit(code);
  },
};

// A reader that leaves early (`| head`) is no fault of anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    rules: RULES,
    ...output,
    readStdin: () => buffer(process.stdin),
    now: () => Date.now(),
    colours,
    progress: process.stderr.isTTY ? (text) => output.err(`meshwarden: ${text}\n`) : () => undefined,
    writeFile: (file, text) => writeFile(file, text),
  },
  doors,
);
