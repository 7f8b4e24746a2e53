import type { Command } from 'commander';

/** The shells for which there is a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Word {
  readonly word: string;
  readonly description: string;
}

interface Level {
  /** The commands that lead here, `baseline validate`; empty at the top. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly (Word & {
    readonly short?: string;
    readonly choices: readonly string[];
    readonly takesValue: boolean;
  })[];
}

/**
 * Writes a shell's completion script for a tree of commands; it runs nothing of Meshwarden while a person types. `words`
 * are further words of a command, by its name.
 */
export function completionScript(
  shell: (typeof SHELLS)[number],
  program: Command,
  words: Readonly<Record<string, readonly Word[]>>,
): string {
  const levels = levelsOf(program, '').map((level) => ({
    ...level,
    commands: [...level.commands, ...(Object.hasOwn(words, level.path) ? (words[level.path] ?? []) : [])],
  }));
  return WRITERS[shell](levels);
}

const WRITERS: Readonly<Record<(typeof SHELLS)[number], (levels: readonly Level[]) => string>> = {
  bash: bashScript,
  zsh: (levels) => `autoload -U +X bashcompinit && bashcompinit\n${bashScript(levels)}`,
  fish: fishScript,
};

function levelsOf(command: Command, path: string): readonly Level[] {
  const inner = command.commands.flatMap((child) => levelsOf(child, `${path} ${child.name()}`.trim()));
  const commands = [
    ...command.commands.map((child) => ({ word: child.name(), description: child.description() })),
    ...command.registeredArguments.flatMap(({ argChoices, description }) =>
      (argChoices ?? []).map((word) => ({ word, description })),
    ),
  ];
  const options = command.options.map(({ long, short, description, argChoices, required, optional }) => ({
    word: long ?? '',
    ...(short === undefined ? {} : { short }),
    description,
    choices: argChoices ?? [],
    takesValue: required || optional,
  }));
  const help = { word: '--help', description: 'print help', choices: [], takesValue: false };
  return [{ path, commands, options: [...options, help] }, ...inner];
}

function bashScript(levels: readonly Level[]): string {
  const paths = levels.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  const values = levels.flatMap(({ path, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .map(({ word, short, choices }) => {
        const names = [word, ...(short === undefined ? [] : [short])].map((name) => `'${path} ${name}'`);
        return `    ${names.join('|')}) words='${choices.join(' ')}' ;;`;
      }),
  );
  const names = (words: readonly Word[]): string => words.map(({ word }) => word).join(' ');
  const options = levels.map((level) => `    '${level.path} -'*) words='${names(level.options)}' ;;`);
  const commands = levels
    .filter(({ commands }) => commands.length > 0)
    .map((level) => `    '${level.path} '*) words='${names(level.commands)}' ;;`);
  return `# bash completion of meshwarden
_meshwarden() {
  local here='' words='' word='' current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${here:+$here }$word" in
      ${paths.join('|')}) here="\${here:+$here }$word" ;;
    esac
  done
  case "$here $before" in
${values.join('\n')}
  esac
  [ -n "$words" ] || case "$here $current" in
${[...options, ...commands].join('\n')}
  esac
  local IFS=$'\\n'
  # zsh runs this too and has no mapfile.
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "\${words// /$IFS}" -- "$current"))
  # shellcheck disable=SC2207
  [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _meshwarden meshwarden kubectl-meshwarden
`;
}

function fishScript(levels: readonly Level[]): string {
  const lines = ['# fish completion of meshwarden'];
  for (const { path, commands, options } of levels) {
    const seen = path.split(' ').filter((word) => word !== '');
    const here =
      seen.length === 0
        ? '__fish_use_subcommand'
        : seen.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    for (const { word, description } of commands) {
      lines.push(`complete -c meshwarden -n '${here}' -a ${word} -d '${quoted(description)}'`);
    }
    for (const { word, description, choices, takesValue } of options) {
      const value = choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : takesValue ? ' -r' : '';
      lines.push(
        `complete -c meshwarden -n '${here}' -l ${word.replace(/^--/, '')}${value} -d '${quoted(description)}'`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}
