import manifest from '../../package.json' with { type: 'json' };

/** Meshwarden's version, as its package says it. */
export const VERSION: string = manifest.version;
