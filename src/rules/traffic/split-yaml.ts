/** Writes a destination of an example: of the service by its short name. */
export function target(host: string, subset: string, weight?: number): string {
  const named = subset === '' ? '' : `, subset: ${subset}`;
  return `{ destination: { host: "${host}"${named} }${weight === undefined ? '' : `, weight: ${weight}`} }`;
}

/** Writes an `http` entry of an example with its destinations. */
export function split(targets: readonly string[], rest = ''): string {
  return `{ ${rest === '' ? '' : `${rest}, `}route: [${targets.join(', ')}] }`;
}

/** Writes a match on one header's exact value. */
export function header(name: string, value: string, rest = ''): string {
  return `{ headers: { ${name}: { exact: ${value} } }${rest === '' ? '' : `, ${rest}`} }`;
}
