import { fileURLToPath } from "node:url";
import { RefusedError, userError } from "../model/errors.ts";
import type { Source } from "./source.ts";

/**
 * A file: an absolute path or `file:///…`. A symbolic link is followed, since the user wrote it. For a host elsewhere it is a
 * file of the machine that virtform runs on, pushed from there; where there is none, one of the host's.
 */
export const file: Source = {
  scheme: "file",
  async fetch({ host, signal }, { source, to, ...options }) {
    const path = pathOf(source);
    const pushed = await host.upload?.({ from: path, to, signal, ...options });
    if (pushed !== undefined) return pushed;
    if ((await host.files.stat(path)) === undefined) {
      throw userError(
        "image-source-missing",
        `There is no file ${path}`,
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

/** The path that a source means. Throws a UserError for a file address of another machine. */
export function pathOf(source: string): string {
  if (source.startsWith("/")) return source;
  try {
    return fileURLToPath(source);
  } catch {
    throw userError(
      "image-source-invalid",
      `Not an address of a file: ${source}`,
      "Write an absolute path, or file:// followed by one: file:///srv/images/debian.qcow2.",
    );
  }
}
