import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Files that are looked at again and again; Kubernetes swaps mounted volumes by a link, which no file watch sees. */
export interface FilePoll {
  readonly stop: () => void;
}

/** Returns the SHA-256 of bytes as lower-case hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** How files are followed. */
export interface FilePollOptions {
  readonly everyMs: number;
  /** The content hash that was seen before the poll began. */
  readonly known: string;
  readonly onChange: () => Promise<void> | void;
  /** Told what `onChange` threw; the poll goes on. */
  readonly complain: (error: unknown) => void;
}

/** Calls `onChange` whenever the content of any of the files has changed since the last look, or since `known`. */
export function pollFiles(files: readonly string[], options: FilePollOptions): FilePoll {
  let { known } = options;
  let isBusy = false;
  const look = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    try {
      const now = await contentHash(files);
      if (now === known) return;
      known = now;
      await options.onChange();
    } catch (error) {
      options.complain(error);
    } finally {
      isBusy = false;
    }
  };
  const timer = setInterval(() => void look(), options.everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Returns a hash over the content of files; a file that cannot be read counts as its error. */
export async function contentHash(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map((file) => readFile(file).then(sha256, (error: NodeJS.ErrnoException) => error.code ?? 'unreadable')),
  );
  return parts.join('\n');
}
