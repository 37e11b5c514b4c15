import { homedir } from "node:os";
import { resolve } from "node:path";
import type { CloudDoor } from "../model/cloud-door.ts";
import { userError } from "../model/errors.ts";
import { readBounded } from "./read-bounded.ts";

/** How clouds are reached from this process: the OS_* variables, the places of clouds.yaml, and the network. */
export function cloudDoor(environment: Readonly<Record<string, string | undefined>>): CloudDoor {
  const settings = environment["XDG_CONFIG_HOME"] || `${homedir()}/.config`;
  return {
    environment: Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith("OS_"))),
    directories: [resolve("."), `${settings}/openstack`, "/etc/openstack"],
    readText: (path) => readText(resolve(path.replace(/^~(?=\/)/, homedir()))),
    // Only images of Glance need http, which takes 10 ms to load.
    request: async (request) => (await import("../host/web/request.ts")).webRequest(request),
  };
}

/** The text of a file; undefined when it does not exist or may not be read. Throws a UserError for a pipe, a device or a file that is too large. */
function readText(path: string): string | undefined {
  const read = readBounded(path);
  if ("bytes" in read) return read.bytes.toString("utf8");
  const { code, summary, detail } = read.problem;
  if (code === "file-not-found" || code === "file-not-readable") return undefined;
  throw userError(code, summary, detail);
}
