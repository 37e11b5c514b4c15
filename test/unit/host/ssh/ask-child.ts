import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { target } from "./fake-ssh.ts";

// Asks a remote that never answers, and says when the question is under way.
const host = createSshHost(target);
await host.greeting();
void host.files.stat("/etc/passwd").catch(() => undefined);
setTimeout(() => console.log("asked"), 500);
setInterval(() => undefined, 1000);
