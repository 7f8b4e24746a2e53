import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A text and where it comes from; `-` is called `<stdin>`. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string;
}

/** A path that could not be read, and why. */
export interface Unread {
  readonly file: string;
  readonly message: string;
}

/** Reads standard input to its end. */
export type ReadStdin = () => Promise<Uint8Array>;

const OBJECT_FILE = /\.(ya?ml|json)$/i;
/** Folders of tools, never of manifests. */
const PASSED_BY = new Set(['.git', 'node_modules']);

/** Reads files, folders with all below them (`*.yaml`, `*.yml`, `*.json`, by name) and `-`; all faults at once. */
export async function readSources(
  paths: readonly string[],
  readStdin: ReadStdin,
): Promise<{ readonly sources: readonly Source[]; readonly unread: readonly Unread[] }> {
  const sources: Source[] = [];
  const unread: Unread[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) continue;
    seen.add(path);
    try {
      for (const file of path === '-' ? ['-'] : await filesUnder(path, true)) {
        if (file !== path && seen.has(file)) continue;
        seen.add(file);
        const read = await readSource(file, readStdin);
        if ('text' in read) sources.push(read);
        else unread.push(read);
      }
    } catch (error) {
      unread.push({ file: path, message: whyUnread(error) });
    }
  }
  return { sources, unread };
}

/** Reads one file, or standard input for `-`, as UTF-8. */
export async function readSource(path: string, readStdin: ReadStdin): Promise<Source | Unread> {
  const file = path === '-' ? '<stdin>' : path;
  try {
    const bytes = path === '-' ? await readStdin() : await readFile(path);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { file, text, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    return { file, message: error instanceof TypeError ? 'must be text in UTF-8' : whyUnread(error) };
  }
}

async function filesUnder(path: string, named: boolean): Promise<readonly string[]> {
  const { isDirectory, isFile } = await kindOfPath(path);
  // A named path may be a pipe; below a folder only files count.
  if (!isDirectory) return named || (isFile && OBJECT_FILE.test(path)) ? [path] : [];
  const files: string[] = [];
  const entries = await readdir(path, { withFileTypes: true });
  for (const { name, isSymbolicLink } of entries.map(typeOfEntry).toSorted(byName)) {
    if (PASSED_BY.has(name)) continue;
    const inner = join(path, name);
    // A link to a folder could lead round in a circle; kubectl does not follow it either.
    if (isSymbolicLink && (await kindOfPath(inner)).isDirectory) continue;
    files.push(...(await filesUnder(inner, false)));
  }
  return files;
}

interface Entry {
  readonly name: string;
  readonly isSymbolicLink: boolean;
}

function typeOfEntry(entry: { readonly name: string; isSymbolicLink(): boolean }): Entry {
  return { name: entry.name, isSymbolicLink: entry.isSymbolicLink() };
}

function byName(left: Entry, right: Entry): number {
  return left.name < right.name ? -1 : 1;
}

async function kindOfPath(path: string): Promise<{ readonly isDirectory: boolean; readonly isFile: boolean }> {
  const stats = await stat(path);
  return { isDirectory: stats.isDirectory(), isFile: stats.isFile() };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
  ELOOP: 'is a link that leads in a circle',
  ENAMETOOLONG: 'has a name that is too long',
};

/** Says in words why the system would not read or write a path. */
export function whyUnread(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? `could not be read (${code === '' ? String(error) : code})`;
}
