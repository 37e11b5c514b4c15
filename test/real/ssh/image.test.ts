import { after } from "node:test";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { reachedThrough } from "../kinds/image/machine.ts";
import { startSshd } from "./sshd.ts";

// The tests of fetching images, every machine in them reached over ssh.
const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());
reachedThrough(host);
await import("../kinds/image/fetch.test.ts");
await import("../kinds/image/cache.test.ts");
await import("../kinds/image/converted-in-parts.test.ts");
