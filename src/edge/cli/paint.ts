import { styleText } from 'node:util';
import type { Paint, Style } from '../../report/text.ts';

const FORMATS: Readonly<Record<Style, Parameters<typeof styleText>[0]>> = {
  error: ['bold', 'red'],
  warning: 'yellow',
  note: 'cyan',
  place: 'bold',
  code: 'bold',
  good: 'green',
};

/** Returns what dresses text for a terminal, or leaves it plain. */
export function painter(colours: boolean): Paint {
  if (!colours) return (_style, text) => text;
  return (style, text) => (text === '' ? '' : styleText(FORMATS[style], text, { validateStream: false }));
}
