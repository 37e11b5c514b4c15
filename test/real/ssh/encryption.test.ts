import { after } from "node:test";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { reachedThrough } from "../kinds/image/machine.ts";
import "../../support/quick-luks.ts";
import { startSshd } from "./sshd.ts";

// Encrypted disks on a host over ssh: the passphrase reaches qemu-img there on its standard input as well.
const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());
reachedThrough(host);
await import("../drivers/encryption.test.ts");
