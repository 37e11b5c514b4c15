import { closeSync, openSync, readSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { CloudDoor } from "../model/cloud-door.ts";

/** Longest file of settings, authorities or certificates that is read, in bytes. */
const maxBytes = 2 ** 20;

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

function readText(path: string): string | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(maxBytes);
      let bytes = 0;
      for (;;) {
        const read = readSync(file, buffer, bytes, maxBytes - bytes, null);
        bytes += read;
        if (read === 0 || bytes === maxBytes) return buffer.toString("utf8", 0, bytes);
      }
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
