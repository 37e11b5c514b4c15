import { fileURLToPath } from "node:url";
import { RefusedError, UserError, userError } from "../model/errors.ts";
import { problem } from "../model/problem.ts";
import { formatQuantity } from "../model/quantity.ts";
import type { Source, SourceProblem } from "./source.ts";

/**
 * A file: an absolute path or `file:///…`. A symbolic link is followed, because the user wrote it. For a remote host it is a file of the
 * machine that virtform runs on, which is pushed; if it does not exist here, a file of the host.
 */
export const file: Source = {
  scheme: "file",
  check: (address) => (pathIn(address) === undefined ? invalid(address) : undefined),
  pathHere: pathOf,
  async look({ host }, address) {
    if (host.route === undefined) return { way: null, bytes: null };
    const bytes = await host.route.bytesHere(pathOf(address));
    if (bytes === undefined) return { way: `from a file on ${host.name}`, bytes: null };
    return { way: `pushed from here, ${formatQuantity(bytes)}`, bytes };
  },
  async fetch({ host, signal }, { source, to, ...options }) {
    const path = pathOf(source);
    const pushed = await host.upload?.({ from: path, to, signal, ...options });
    if (pushed !== undefined) return pushed;
    if ((await host.files.stat(path)) === undefined) {
      throw userError(
        "image-source-missing",
        `The file ${path} does not exist`,
        `It is the source of an image and must be on ${host.upload === undefined ? host.name : `this machine or on ${host.name}`}. Check the path.`,
      );
    }
    try {
      return await host.files.copy(path, to, { ...options, signal, followLinks: true });
    } catch (error) {
      if (!(error instanceof RefusedError) || error.code !== "not-a-regular-file") throw error;
      throw userError(
        "image-source-not-a-file",
        error.message,
        "The source of an image is a file. To use a device, copy it into a file first.",
      );
    }
  },
};

/** The path that an address means. Throws a UserError for a file address of another machine. */
function pathOf(address: string): string {
  const path = pathIn(address);
  if (path === undefined) throw new UserError([problem(invalid(address).code, invalid(address))]);
  return path;
}

function pathIn(address: string): string | undefined {
  if (address.startsWith("/")) return address;
  try {
    return fileURLToPath(address);
  } catch {
    return undefined;
  }
}

function invalid(address: string): SourceProblem {
  const detail = "Write an absolute path, or file:// followed by one: file:///srv/images/debian.qcow2.";
  return { code: "image-source-invalid", summary: `Invalid file address: ${address}`, detail };
}
