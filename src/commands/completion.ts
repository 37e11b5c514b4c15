import { userError } from "../model/errors.ts";
import type { CommandDefinition } from "./command.ts";
import { reported } from "./reported.ts";

/** Every command with what it is for and its options, in the order in which they are offered. */
type Vocabulary = readonly { readonly name: string; readonly summary: string; readonly options: readonly string[] }[];

const shells: Readonly<Record<string, (vocabulary: Vocabulary) => string>> = { bash, zsh, fish };

/** `virtform completion SHELL`: commands and options for the Tab key. */
export const completion = (
  commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<CommandDefinition> }>>,
): CommandDefinition => ({
  summary: "Print a completion script for bash, zsh or fish",
  usage: "bash|zsh|fish",
  description: "Prints a script that completes commands and options.",
  options: {},
  examples: [
    ["source <(virtform completion bash)", "For this shell; add the line to ~/.bashrc for every new one."],
    ["virtform completion fish > ~/.config/fish/completions/virtform.fish", "For fish."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "completion" }, async ({ event }) => {
      const shell = shells[invocation.positionals[0] ?? ""];
      if (shell === undefined) {
        const [given] = invocation.positionals;
        const summary = given === undefined ? "Missing argument: shell" : `Unknown shell: ${given}`;
        throw userError("unknown-shell", summary, "Usage: virtform completion bash|zsh|fish");
      }
      const vocabulary = await Promise.all(
        Object.entries(commands).map(async ([name, { summary, load }]) => ({
          name,
          summary: summary.replaceAll("'", ""),
          options: [...Object.keys((await load()).options), "help"].map((option) => `--${option}`),
        })),
      );
      event({ type: "result", result: { kind: "document", text: shell(vocabulary) } });
      return 0;
    }),
});

function bash(vocabulary: Vocabulary): string {
  const cases = vocabulary.map(({ name, options }) => `    ${name}) words="${options.join(" ")}" ;;`);
  return `_virtform() {
  local words current="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${vocabulary.map(({ name }) => name).join(" ")} --help --version"; fi
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  if [ "$COMP_CWORD" -gt 1 ] && [ "\${current#-}" = "$current" ]; then COMPREPLY+=( $(compgen -f -- "$current") ); fi
}
complete -o filenames -F _virtform virtform virtform.js
`;
}

function zsh(vocabulary: Vocabulary): string {
  return `#compdef virtform virtform.js
_virtform() {
  local -a known=(
${vocabulary.map(({ name, summary }) => `    '${name}:${summary.replaceAll(":", " -")}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then _describe command known; return; fi
  case "$words[2]" in
${vocabulary.map(({ name, options }) => `    ${name}) compadd -- ${options.join(" ")}; _files ;;`).join("\n")}
  esac
}
if [ "$funcstack[1]" = _virtform ]; then _virtform "$@"; else compdef _virtform virtform virtform.js; fi
`;
}

function fish(vocabulary: Vocabulary): string {
  const lines = vocabulary.flatMap(({ name, summary, options }) => [
    `complete -c virtform -n __fish_use_subcommand -f -a ${name} -d '${summary}'`,
    ...options.map((option) => `complete -c virtform -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
  ]);
  return `${lines.join("\n")}\n`;
}
