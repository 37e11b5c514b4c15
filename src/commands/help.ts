import { closest } from "../model/closest.ts";
import type { CommandDefinition, OptionDefinition } from "./command.ts";
import { commands } from "./index.ts";

/** What `virtform --help` prints. */
export function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `virtform: plan and apply for libvirt hosts

Usage: virtform COMMAND [PATH…] [options]

A PATH is a file, or a directory whose virtform.yaml and *.virtform.yaml are read together. No PATH: this directory.

Commands:
${lines.join("\n")}

\`virtform COMMAND --help\` explains one of them; \`virtform --version\` prints the version.
`;
}

/** What `virtform COMMAND --help` prints. */
export function commandHelp(name: string, command: CommandDefinition): string {
  const options: [string, OptionDefinition][] = [
    ...Object.entries(command.options),
    ["help", { type: "boolean", short: "h", help: "This text." }],
  ];
  const names = options.map(([option, definition]) => optionForm(option, definition));
  const width = Math.max(...names.map((form) => form.length));
  const optionLines = options.map(([, { help }], index) => `  ${(names[index] ?? "").padEnd(width)}  ${help}`);
  const examples = command.examples.map(([commandLine, meaning]) => `  ${commandLine}\n      ${meaning}`);
  return `${command.summary}

Usage: virtform ${name} ${command.usage}

${command.description}

Options:
${optionLines.join("\n")}

Examples:
${examples.join("\n")}
`;
}

/** What is said about a command that does not exist. */
export function unknownCommand(name: string): string {
  const near = closest(name, Object.keys(commands));
  return `Error: no such command: ${name}\n\n${near === undefined ? "" : `Did you mean \`virtform ${near}\`? `}\`virtform --help\` lists the commands.\n`;
}

function optionForm(name: string, { type, value, short, bare }: OptionDefinition): string {
  const word = `--${name}`;
  const withValue = type === "boolean" ? word : bare === undefined ? `${word} ${value ?? "TEXT"}` : `${word}[=${value ?? "TEXT"}]`;
  return short === undefined ? withValue : `-${short}, ${withValue}`;
}
