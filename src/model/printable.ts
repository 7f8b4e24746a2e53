/** Replaces control characters and the like (line ends, ANSI, bidi marks), which must not reach terminals or reports. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}
