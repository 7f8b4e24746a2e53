import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { FORMATS } from '../../report/formats.ts';
import { EdgeError } from '../errors.ts';
import { LOG_LEVELS, type LogLevel } from '../log/log-level.ts';
import { VERSION } from '../version.ts';
import { audit, type AuditOptions, type ReadMesh } from './audit.ts';
import { showBaseline, showSchema, validateBaseline } from './baseline.ts';
import { check, type CheckOptions } from './check.ts';
import { completionScript, SHELLS } from './completion.ts';
import { expiringOption } from './exceptions.ts';
import { explain, type ExplainOptions, GRAPH_FORMS } from './explain.ts';
import { HELP, optionDescription } from './help.ts';
import { EXIT, type ExitCode, type Io, say, Trouble } from './io.ts';

/** The options of `serve`, as typed. */
export interface ServeOptions {
  readonly kubeconfig?: string;
  readonly baseline?: string;
  readonly host?: string;
  readonly port: number;
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly certMode: 'self' | 'cert-manager' | 'files';
  readonly certDir?: string;
  readonly register?: string;
  readonly logLevel: LogLevel;
}

/** The doors that stand outside this folder; the caller opens them only when they are asked for. */
export interface Doors {
  readonly serve: (options: ServeOptions) => Promise<ExitCode>;
  readonly demo: (options: DemoOptions) => Promise<ExitCode>;
  readonly readMesh: ReadMesh;
}

/** The options of `demo`, as typed. */
export interface DemoOptions {
  readonly kubeconfig?: string;
  readonly crds?: string;
  readonly once: boolean;
}

/** Runs a command line (without the program's name) to its exit code; never throws for what a user can cause. */
export async function runCommandLine(argv: readonly string[], io: Io, doors: Doors): Promise<ExitCode> {
  let code: ExitCode = EXIT.clean;
  const end = (ended: ExitCode): void => {
    code = ended;
  };
  const program = commandTree(io, doors, end);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.clean : EXIT.trouble;
    if (error instanceof Trouble || error instanceof EdgeError) {
      say(io, error.message);
      return EXIT.trouble;
    }
    say(
      io,
      `a fault of Meshwarden, to be reported: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return EXIT.trouble;
  }
}

/** Builds the commands; `end` is told the exit code of the one that ran. */
export function commandTree(io: Io, doors: Doors, end: (code: ExitCode) => void): Command {
  const program = new Command('meshwarden')
    .description('Keeps an Istio mesh on its documented baseline.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ optionDescription })
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'meshwarden: ')),
    })
    .showSuggestionAfterError()
    .addHelpText('after', HELP.program);
  addServe(program, doors, end);
  addCheck(program, io, end);
  addAudit(program, io, doors, end);
  addExplain(program, io, end);
  addBaseline(program, io, end);
  addDemo(program, doors, end);
  program
    .command('completion')
    .description("write a shell's completion script")
    .addArgument(new Argument('<shell>', 'its name').choices(SHELLS))
    .addHelpText('after', HELP.completion)
    .action((shell: (typeof SHELLS)[number]) =>
      io.out(completionScript(shell, program, { explain: rulesAsWords(io) })),
    );
  nameOwnHelp(program, 'meshwarden');
  return program;
}

/** Lets what is said after an error name the help of the command that it came from. */
function nameOwnHelp(command: Command, name: string): void {
  command.showHelpAfterError(`\`${name} --help\` tells what there is.`);
  for (const below of command.commands) nameOwnHelp(below, `${name} ${below.name()}`);
}

function addCheck(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command('check')
    .description('judge YAML or JSON files, folders with all below them, or - for standard input')
    .argument('<path...>', 'what changes')
    .option('--context <path>', 'objects that are known and not blamed; repeatable', collected, [])
    .option('--complete', 'the files are the whole mesh: what is missing counts', false)
    .option('--as-written', 'judge the files as they stand, without what the server would add', false)
    .option('-n, --namespace <name>', 'for objects that name none', namespaceName, 'default')
    .addOption(baselineOption())
    .addOption(outputOption())
    .option('--output-file <file>', 'where to write them instead of standard output')
    .addOption(failOnOption())
    .addOption(expiringOption())
    .addHelpText('after', HELP.check)
    .action(async (paths: readonly string[], options: CheckOptions) => end(await check(paths, options, io)));
}

function addAudit(program: Command, io: Io, doors: Doors, end: (code: ExitCode) => void): void {
  program
    .command('audit')
    .description('judge what is in a cluster now, whoever came first')
    .option('--kubeconfig <file>', "absent: as kubectl's")
    .option('--context-name <name>', 'another context of the kubeconfig than the current one')
    .addOption(baselineOption())
    .addOption(outputOption())
    .option('--output-file <file>', 'where to write them instead of standard output')
    .addOption(failOnOption())
    .addOption(expiringOption())
    .addHelpText('after', HELP.audit)
    .action(async (options: AuditOptions) => end(await audit(options, io, doors.readMesh)));
}

const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to write the findings').choices(FORMATS).default('text');
const failOnOption = (): Option =>
  new Option('--fail-on <severity>', 'exit with 1 for these and worse')
    .choices(['error', 'warning', 'never'])
    .default('error');

function addExplain(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command('explain')
    .description('tell what a rule demands, why and how to mend; without a name, list all rules')
    .argument('[rule]', 'a code such as MW401, or an id such as bounded-retries')
    .addOption(baselineOption())
    .addOption(new Option('-o, --output <format>', 'how to write it').choices(['text', 'json']).default('text'))
    .addOption(new Option('--graph <form>', 'MW405: the declared calls with their budget alone').choices(GRAPH_FORMS))
    .option(
      '--context <path>',
      'MW405: show the timeouts and tries of these objects instead; repeatable',
      collected,
      [],
    )
    .addHelpText('after', HELP.explain)
    .action(async (name: string | undefined, options: ExplainOptions) => end(await explain(name, options, io)));
}

function addBaseline(program: Command, io: Io, end: (code: ExitCode) => void): void {
  const command = program
    .command('baseline')
    .description('look at a baseline file')
    .addHelpText('after', HELP.baseline);
  command
    .command('validate')
    .description('write every problem with line and column; exit with 1 if there is one')
    .argument('[file]', 'absent: the shipped one')
    .addHelpText('after', HELP.baselineValidate)
    .action(async (file: string | undefined) => end(await validateBaseline(file, io)));
  command
    .command('show')
    .description('write the baseline in effect, defaults filled in')
    .argument('[file]', 'absent: the shipped one')
    .addOption(new Option('-o, --output <format>', 'how to write it').choices(['yaml', 'json']).default('yaml'))
    .addHelpText('after', HELP.baselineShow)
    .action(async (file: string | undefined, { output }: { readonly output: 'yaml' | 'json' }) => {
      end(await showBaseline(file, output, io));
    });
  command
    .command('schema')
    .description('write the JSON Schema of baseline files')
    .addHelpText('after', HELP.baselineSchema)
    .action(() => end(showSchema(io)));
}

function addServe(program: Command, doors: Doors, end: (code: ExitCode) => void): void {
  program
    .command('serve')
    .description('answer admission reviews over HTTPS')
    .option('--kubeconfig <file>', 'absent: the rights of the pod that it runs in')
    .addOption(baselineOption())
    .option('--host <address>', 'to listen on; absent: all addresses')
    .option('--port <number>', 'for reviews, over TLS', portNumber, 9443)
    .option('--health-port <number>', 'for /healthz and /readyz', portNumber, 8081)
    .option('--metrics-port <number>', 'for /metrics', portNumber, 8080)
    .addOption(
      new Option('--cert-mode <mode>', 'where certificates come from')
        .choices(['self', 'cert-manager', 'files'])
        .default('self'),
    )
    .option('--cert-dir <folder>', 'with --cert-mode cert-manager or files: tls.crt, tls.key and ca.crt')
    .option(
      '--register <url>',
      'for a server beside the cluster: register both webhook configurations at this https address, remove them at the end',
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .addHelpText('after', HELP.serve)
    .action(async (options: ServeOptions) => end(await doors.serve(options)));
}

function addDemo(program: Command, doors: Doors, end: (code: ExitCode) => void): void {
  program
    .command('demo')
    .description('start a real local API server, register Meshwarden and try changes with kubectl')
    .option('--kubeconfig <file>', 'use this cluster instead; what the demo makes there is removed at the end')
    .option('--crds <path>', 'a file or folder with Istio’s CRDs; absent: Go fetches them')
    .option('--once', 'end when all is tried: 0 if each got its verdict', false)
    .addHelpText('after', HELP.demo)
    .action(async (options: DemoOptions) => end(await doors.demo(options)));
}

function rulesAsWords({ rules }: Io): readonly { readonly word: string; readonly description: string }[] {
  return rules.flatMap(({ code, id, summary }) => [code, id].map((word) => ({ word, description: summary })));
}

function baselineOption(): Option {
  return new Option('--baseline <file>', 'what is demanded; absent: the shipped baseline');
}

function collected(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

function namespaceName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the name of a namespace.');
}
