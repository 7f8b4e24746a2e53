import { InvalidArgumentError, Option } from 'commander';
import { endingExceptions } from '../../engine/ending-exceptions.ts';
import { isExempted } from '../../engine/exempted-objects.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import type { Format } from '../../report/formats.ts';
import type { Report } from '../../report/report.ts';
import { type Io, say } from './io.ts';

/** The option that lists the exceptions that end soon, in days. */
export function expiringOption(): Option {
  return new Option('--expiring <days>', 'list the exceptions that end within so many days, such as 14d').argParser(
    days,
  );
}

function days(text: string): number {
  const found = /^(\d{1,4})d$/.exec(text);
  if (found === null) throw new InvalidArgumentError('It must be a number of days, such as 14d.');
  return Number(found[1]);
}

/**
 * Adds to a report the exceptions of objects that end within so many days, if somebody asked. Formats for machines that
 * have no place for them do not hold them: that there are some is said on standard error then.
 */
export function withEnding(
  report: Report,
  objects: readonly KubeObject[],
  { expiring, output }: { readonly expiring?: number | undefined; readonly output: Format },
  io: Io,
): Report {
  if (expiring === undefined) return report;
  const exceptions = endingExceptions(objects, { rules: io.rules, now: io.now(), days: expiring });
  if (exceptions.length > 0 && output !== 'text' && output !== 'json') {
    const count = exceptions.length === 1 ? 'one exception ends' : `${exceptions.length} exceptions end`;
    say(
      io,
      `${count} within ${expiring} ${expiring === 1 ? 'day' : 'days'} or before; \`-o text\` and \`-o json\` list them`,
    );
  }
  return { ...report, ending: { days: expiring, exceptions } };
}

/** Says on standard error that nobody was asked for the exceptions of files. */
export function sayUnasked(objects: readonly KubeObject[], io: Io): void {
  const count = objects.filter(isExempted).length;
  if (count === 0) return;
  const whose = count === 1 ? 'one object has an exception, which is' : `${count} objects have exceptions, which are`;
  say(
    io,
    `${whose} taken as granted: files do not tell who sets them; the server asks (\`kubectl apply --dry-run=server\` too)`,
  );
}
