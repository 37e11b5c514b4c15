import { readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { startEarlySsh } from "../../../src/host/ssh/early-ssh.ts";
import { parseSshTarget } from "../../../src/host/ssh/target.ts";

/** Logs in to the host of the first argument as a command does before it is loaded, and fails when the connection has its socket in the directory of the second. */
const [uri = "", directory = ""] = process.argv.slice(2);
const target = parseSshTarget(uri);
if (target === undefined) throw new Error(`no host over ssh: ${uri}`);
startEarlySsh(target, 60);
// While ssh makes a socket, its name has a further part.
while (!readdirSync(directory).some((name) => /-[0-9a-f]{16}$/.test(name))) await pause(5);
console.log("logged in");
process.exitCode = 1;
