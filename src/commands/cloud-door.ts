import { homedir } from "node:os";
import { resolve } from "node:path";
import type { CloudDoor } from "../model/cloud-door.ts";
import { readBounded } from "./read-bounded.ts";

/** How clouds are reached from this process: the OS_* variables, the places of clouds.yaml, and the network. */
export function cloudDoor(environment: Readonly<Record<string, string | undefined>>): CloudDoor {
  const settings = environment["XDG_CONFIG_HOME"] || `${homedir()}/.config`;
  return {
    environment: Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith("OS_"))),
    directories: [resolve("."), `${settings}/openstack`, "/etc/openstack"],
    readText: (path) => readBounded(resolve(path.replace(/^~(?=\/)/, homedir())))?.toString("utf8"),
    // Only images of Glance need http, which takes 10 ms to load.
    request: async (request) => (await import("../host/web/request.ts")).webRequest(request),
  };
}
