import type { CommandDefinition } from "./commands/command.ts";
import { commands } from "./commands/index.ts";
import { version } from "./version.ts";

/** Runs one command line. Resolves to the exit code; throws only for bugs. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-V" || name === "version") {
    process.stdout.write(`virtform ${version}\n`);
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const { overview, commandHelp } = await import("./commands/help.ts");
    const topic = name === "help" ? commands[rest[0] ?? ""] : undefined;
    process.stdout.write(topic === undefined ? overview() : commandHelp(rest[0] ?? "", await topic.load()));
    return name === undefined ? 1 : 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    const { unknownCommand } = await import("./commands/help.ts");
    process.stderr.write(unknownCommand(name));
    return 1;
  }
  return run(name, await entry.load(), rest);
}

async function run(name: string, command: CommandDefinition, argv: readonly string[]): Promise<number> {
  const { parseInvocation } = await import("./commands/parse-invocation.ts");
  const { showFailure } = await import("./commands/show-failure.ts");
  try {
    const invocation = parseInvocation(name, command, argv);
    if (invocation === "help") {
      const { commandHelp } = await import("./commands/help.ts");
      process.stdout.write(commandHelp(name, command));
      return 0;
    }
    return await command.run(invocation);
  } catch (error) {
    return showFailure(error);
  }
}
