import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { target } from "./fake-ssh.ts";

// Starts a program on a remote that never answers, and says when it is under way.
const host = createSshHost(target);
await host.greeting();
host.open({ program: "cat", args: [] });
setTimeout(() => console.log("asked"), 500);
setInterval(() => undefined, 1000);
