import { wrap } from "../report/wrap.ts";
import type { CommandDefinition, OptionDefinition } from "./command.ts";
import { commands } from "./index.ts";

const width = 100;

/** What `virtform --help` prints. */
export function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `virtform: plan and apply for libvirt hosts

Usage: virtform [-C DIR] COMMAND [PATH…] [options]

A PATH is a file, or a directory whose virtform.yaml and *.virtform.yaml are merged. Default: the current directory, or DIR.

Commands:
${lines.join("\n")}

\`virtform COMMAND --help\` shows the help of one of them; \`virtform --version\` prints the version.
`;
}

/** What `virtform COMMAND --help` prints. */
export function commandHelp(name: string, command: CommandDefinition): string {
  const options = allOptions(name, command);
  const names = options.map(([option, definition]) => optionForm(option, definition));
  const margin = Math.max(...names.map((form) => form.length)) + 4;
  const optionLines = options.map(([, { help }], index) => `  ${names[index] ?? ""}`.padEnd(margin) + hanging(help, margin));
  const examples = command.examples.map(([commandLine, meaning]) => `  ${commandLine}\n      ${hanging(meaning, 6)}`);
  return `${command.summary}

Usage: virtform ${name} ${command.usage}

${hanging(command.description, 0)}

Options:
${optionLines.join("\n")}

Examples:
${examples.join("\n")}
`;
}

/** Text broken for a terminal of the usual width, every line but the first indented. */
function hanging(text: string, margin: number): string {
  return wrap(text, width - margin).join(`\n${" ".repeat(margin)}`);
}

/** An option with its help as a text. */
type ShownOption = OptionDefinition & { readonly help: string };

/** The options of the command of this name, with those that every command has. */
export function allOptions(name: string, { options }: CommandDefinition): [string, ShownOption][] {
  const own = Object.entries(options).map(([option, definition]): [string, ShownOption] => {
    const { help } = definition;
    return [option, { ...definition, help: typeof help === "string" ? help : help(name) }];
  });
  return [...own, ["help", { type: "boolean", short: "h", help: "Show this help." }]];
}

/** `-n, --lines N`. */
export function optionForm(name: string, { type, value, short, bare }: OptionDefinition): string {
  const word = `--${name}`;
  const withValue = type === "boolean" ? word : bare === undefined ? `${word} ${value ?? "TEXT"}` : `${word}[=${value ?? "TEXT"}]`;
  return short === undefined ? withValue : `-${short}, ${withValue}`;
}
