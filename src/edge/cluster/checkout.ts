import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Returns the checkout that this program runs from, or undefined where it is installed alone, as in the image. */
export function checkoutFolder(): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'test/cluster/go.mod'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
