import { spawn } from "node:child_process";
import { createLocalHost } from "../../../../src/host/local/local.ts";
import type { Context } from "../../../../src/model/context.ts";
import { CommandError } from "../../../../src/model/errors.ts";
import type { Conversation, Host } from "../../../../src/model/host.ts";
import { createLayout } from "../../../../src/model/layout.ts";

/** libvirt that real tests talk to. */
export const testUri = process.env["VIRTFORM_TEST_URI"] ?? "qemu:///system";

/** As much of a Host as libvirt and domains need, on this machine. `opened` holds the process ids of its conversations. */
export function smallHost(environment: NodeJS.ProcessEnv = process.env): Host & { readonly opened: number[] } {
  const ends: (() => Promise<void>)[] = [];
  const opened: number[] = [];
  const { files } = createLocalHost();
  const host = {
    name: "this machine",
    opened,
    files,
    now: () => new Date(),
    run: ({ program, args }: { program: string; args: readonly string[] }) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, args, { env: environment });
        child.on("error", (cause) => reject(missing(program, cause)));
        child.on("close", (exitCode) => resolve({ exitCode, stdout: "", stderr: "" }));
      }),
    open: ({ program, args, env }: Parameters<Host["open"]>[0]): Conversation => {
      const child = spawn(program, args, { env: { ...environment, ...env } });
      if (child.pid !== undefined) opened.push(child.pid);
      child.stdin.on("error", () => undefined);
      const ended = new Promise<{ exitCode: number | undefined }>((resolve) => {
        child.on("error", () => resolve({ exitCode: undefined }));
        child.on("close", (code) => resolve({ exitCode: code ?? undefined }));
      });
      const conversation: Conversation = {
        write: (text) => void child.stdin.write(text),
        onOutput: () => undefined,
        onError: () => undefined,
        ended,
        close: async () => {
          child.stdin.end();
          await ended;
        },
        kill: () => void child.kill("SIGKILL"),
      };
      child.stdout.setEncoding("utf8").on("data", (text: string) => conversation.onOutput(text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => conversation.onError(text));
      return conversation;
    },
    onClose: (end: () => Promise<void>) => void ends.push(end),
    close: async () => {
      for (const end of ends.reverse()) await end();
    },
  };
  return host as unknown as Host & { readonly opened: number[] };
}

/** A context of a test's own. */
export function testContext(
  host: Host,
  fields: { readonly uri?: string; readonly project?: string; readonly instancesPath?: string } = {},
): Context {
  const instancesPath = fields.instancesPath ?? "/nonexistent";
  return {
    host,
    layout: createLayout(instancesPath),
    settings: { uri: fields.uri ?? testUri, instancesPath } as Context["settings"],
    project: fields.project ?? "test",
    secret: () => {
      throw new Error("no secrets here");
    },
    signal: new AbortController().signal,
  };
}

function missing(program: string, cause: Error): CommandError {
  return new CommandError({
    commandLine: program,
    exitCode: undefined,
    stderr: "",
    reason: "missing",
    message: `${program} is not installed`,
    cause,
  });
}
