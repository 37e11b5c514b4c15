import type { CommandDefinition } from "./command.ts";

/** A command as it is listed: its line in the overview, and how it is loaded when it is called. */
interface Listed {
  readonly summary: string;
  readonly load: () => Promise<CommandDefinition>;
}

/** Every command by name. */
const list: Record<string, Listed> = {
  init: { summary: "Write a first configuration: project, image, key and network", load: async () => (await import("./init.ts")).init },
  validate: { summary: "Check the configuration; touches no host", load: async () => (await import("./validate.ts")).validate },
  config: {
    summary: "Print the configuration with variables, copies, includes and overrides written out",
    load: async () => (await import("./config.ts")).config,
  },
  plan: { summary: "Show what apply would do", load: async () => (await import("./plan.ts")).plan },
  apply: { summary: "Make the host match the configuration", load: async () => (await import("./apply.ts")).apply },
  drift: {
    summary: "Plan for scheduled checks: exit 0 no changes, 2 changes, 1 error",
    load: async () => (await import("./drift.ts")).drift,
  },
  destroy: { summary: "Remove the objects of this project", load: async () => (await import("./destroy.ts")).destroy },
  confirm: {
    summary: "Remove the snapshots that allow rolling back disk growth",
    load: async () => (await import("./confirm.ts")).confirm,
  },
  adopt: { summary: "Write YAML for guests that other programs made", load: async () => (await import("./adopt.ts")).adopt },
  start: { summary: "Start guests", load: async () => (await import("./start.ts")).start },
  stop: { summary: "Shut guests down", load: async () => (await import("./stop.ts")).stop },
  restart: { summary: "Restart guests, or those that wait for a restart", load: async () => (await import("./restart.ts")).restart },
  gc: {
    summary: "Remove unused base images and leftovers from the image cache",
    load: async () => (await import("./gc.ts")).gc,
  },
  graph: { summary: "Print the actions of a plan as a graph", load: async () => (await import("./graph.ts")).graph },
  show: { summary: "Show the objects on the host and their owners", load: async () => (await import("./show.ts")).show },
  list: { summary: "List the instances of this project", load: async () => (await import("./list.ts")).list },
  console: { summary: "Print the console log of an instance", load: async () => (await import("./console.ts")).console },
  ssh: { summary: "Log in to an instance, or run a command in it", load: async () => (await import("./ssh.ts")).ssh },
  image: {
    summary: "List, verify, pin and remove images",
    load: async () => (await import("./image/image.ts")).image,
  },
  doctor: { summary: "Check the host's requirements and suggest fixes", load: async () => (await import("./doctor.ts")).doctor },
  simulate: { summary: "Plan against a recorded host, without the host", load: async () => (await import("./simulate.ts")).simulate },
  debug: { summary: "Print one phase of a plan as JSON, for bug reports", load: async () => (await import("./debug.ts")).debug },
  schema: { summary: "Print the JSON Schema of the configuration", load: async () => (await import("./schema.ts")).schema },
  completion: {
    summary: "Print a completion script for bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completion,
  },
};

/** Every command by name, loaded when it is called. */
export const commands: Readonly<Record<string, Listed>> = list;

/** Adds a command, for as long as the result is not disposed of. Throws a TypeError when the name is in use. */
export function registerCommand(name: string, command: Listed): Disposable {
  if (Object.hasOwn(list, name)) throw new TypeError(`the command ${name} exists already`);
  list[name] = command;
  return {
    [Symbol.dispose]() {
      delete list[name];
    },
  };
}
