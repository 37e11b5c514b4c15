import { homedir } from "node:os";
import type { PublishedFile, PublisherDoor } from "../model/publisher-door.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import { readBounded } from "./read-bounded.ts";
import { rememberedFiles } from "./remembered-files.ts";

const maxBytes = 4 * 2 ** 20;
/** Shorter with a remembered copy, which is used when the server does not answer. */
const patienceMs = { remembered: 5000, unknown: 20_000 };

/**
 * How this process reads and checks what publishers sign. Files of web servers are kept in the cache directory of the user. A door asks for each
 * file once, so that all plans of a command see the same.
 */
export function publisherDoor(environment: Readonly<Record<string, string | undefined>>): PublisherDoor {
  const files = rememberedFiles(`${environment["XDG_CACHE_HOME"] || `${homedir()}/.cache`}/virtform/publishers`);
  const asked = new Map<string, ReturnType<PublisherDoor["fetch"]>>();
  const fetch: PublisherDoor["fetch"] = async (url, { access, again = false, signal }) => {
    const [{ smallFile }, { TransferError }] = await Promise.all([
      import("../host/web/small-file.ts"),
      import("../host/web/transfer-error.ts"),
    ]);
    const before = again ? undefined : await files.recall(url);
    try {
      const timeoutMs = before === undefined ? patienceMs.unknown : patienceMs.remembered;
      const now = (await smallFile({ url, access, known: before?.validators, maxBytes, timeoutMs, signal })) ?? before;
      if (now === undefined) throw new Error("a file that is not known did not change");
      await files.remember(url, { ...now, at: Date.now() });
      return { bytes: now.bytes };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TransferError)) throw error;
      // With an error status the server answers about the present: the copy is outdated.
      if (before !== undefined && error.status === undefined) return { bytes: before.bytes, asOf: before.at };
      return { summary: `${withoutCredentials(url)} cannot be read: ${error.message}`, detail: error.hint };
    }
  };
  return {
    readFile(path) {
      const read = readBounded(path);
      return "bytes" in read ? read.bytes : undefined;
    },
    fetch(url, options) {
      // The answer depends on the credentials of the image.
      const key = JSON.stringify([url, options.access ?? null]);
      const known = options.again === true ? undefined : asked.get(key);
      if (known !== undefined) return known;
      const answer: Promise<PublishedFile | { readonly summary: string; readonly detail: string }> = fetch(url, options);
      asked.set(key, answer);
      // A failure, such as a stopped plan, says nothing about the file.
      answer.catch(() => asked.delete(key));
      return answer;
    },
    async gpgv(signed, signal) {
      return (await import("../host/local/gpgv.ts")).runGpgv(signed, signal);
    },
  };
}
